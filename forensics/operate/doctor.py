"""Is everything in place? Looks, connects, and changes nothing."""

import importlib.util
import json
import os
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

import forensics
from forensics.config import Config
from forensics.config.sinks import SinkConfig
from forensics.detect.rules import load_rules
from forensics.export.interface import Target
from forensics.export.tls import context
from forensics.features.interface import load_features
from forensics.io.sources import expand
from forensics.model.errors import Exit, ForensicsError
from forensics.operate.exporting import route
from forensics.operate.record import PRECEDENCE
from forensics.sketch.key import default_key_file, load_key
from forensics.store import Store

PORTS = {"http": 80, "https": 443, "tcp": 601, "tls": 6514}
LEAST_FREE = 1_000_000_000  # bytes


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. ``code``: the exit code that a failure stands for."""

    name: str
    state: Literal["ok", "warning", "failed"]
    said: str
    hint: str | None = None
    code: Exit = Exit.DONE


def examine(config: Config, store_directory: Path, rules: Path, now: datetime | None = None) -> Iterator[Check]:
    """Every check, in order."""
    yield from _installation(config, store_directory, rules)
    yield from _store(config, store_directory, now or datetime.now(UTC))
    for name, sink in sorted(config.sinks.items()):
        yield _sink(name, sink)


def exit_code(checks: list[Check]) -> Exit:
    failed = {check.code for check in checks if check.state == "failed"}
    return next((code for code in PRECEDENCE if code in failed), Exit.DONE)


def _installation(config: Config, store_directory: Path, rules: Path) -> Iterator[Check]:
    try:
        loaded = load_rules(rules, [f.spec for f in load_features()])
        yield Check("rules", "ok", f"forensics {forensics.__version__}, {len(loaded)} rules")
    except ForensicsError as error:
        yield _failed("rules", error)
    needed = {"boto3": "s3"} if any((s.url or "").startswith("s3://") for s in config.sinks.values()) else {}
    needed |= {"opentelemetry.sdk": "otel"} if config.nightly.otlp_endpoint else {}
    for module, extra in needed.items():
        if importlib.util.find_spec(module.partition(".")[0]) is None:
            yield Check("libraries", "failed", f"{module} is missing", f"pip install 'model-api-forensics[{extra}]'", Exit.USAGE)
    key_file = default_key_file()
    if not key_file.exists():
        yield Check("key", "warning", f"{key_file} does not exist yet", "it is made on first use; back it up then")
        return
    try:
        key = load_key()
    except ForensicsError as error:
        yield _failed("key", error)
        return
    if key_file.resolve().is_relative_to(store_directory.resolve()):
        hint = "move it, and set FORENSICS_KEY_FILE: who has both can test guesses"
        yield Check("key", "failed", "lies inside the store that it protects", hint, Exit.USAGE)
    else:
        yield Check("key", "ok", f"{key_file}, id {key.key_id}; is it in your backup?")


def _store(config: Config, directory: Path, now: datetime) -> Iterator[Check]:
    try:
        store = Store.open(directory)
        snapshot, verdict, last = store.snapshot(), store.verdict(), store.last_run()
    except ForensicsError as error:
        yield _failed("store", error)
        return
    gone = [p.path for p in snapshot.parts if not p.path.is_file()]
    if verdict != "ok" or gone:
        said = f"{len(gone)} parts are missing, the first is {gone[0].name}" if gone else f"state.sqlite is damaged: {verdict}"
        yield Check("store", "failed", said, "restore the store from a backup", Exit.INTERNAL)
    elif store.root.stat().st_mode & 0o077:
        yield Check("store", "warning", f"{store.root} can be read by others", f"chmod 700 {store.root}")
    else:
        yield Check("store", "ok", f"{store.root}, {len(snapshot.parts)} parts, commit {snapshot.commit_id}")
    free = shutil.disk_usage(store.root).free
    if free < LEAST_FREE:
        yield Check("disk", "warning", f"{free / 1e9:.1f} GB are free", "a scan needs about as much as the window's parts")
    yield _freshness(config, store, now)
    yield _sources(config)
    if last is not None:
        code = json.loads(last)["exit_code"] if last else None
        good = code in (Exit.DONE, Exit.FAIL_ON_MET)
        said = f"the last one exited with {code}" if last else "the last one was killed, or is running"
        yield Check("nightly", "ok" if good else "warning", said, None if good else "forensics query 'select * from runs'")
    for sink, counts in store.deliveries().items():
        if sink not in config.sinks:
            continue  # was one
        if waiting := counts.get("waiting"):
            yield Check(f"outbox {sink}", "warning", f"{waiting:,} revisions wait", f"forensics export --sink {sink}")
        if dead := counts.get("dead"):
            hint = f"forensics query \"select * from deliveries where state = 'dead'\"; then forensics export --sink {sink} --retry-dead"
            yield Check(f"outbox {sink}", "warning", f"{dead:,} revisions were refused for good", hint)


def _freshness(config: Config, store: Store, now: datetime) -> Check:
    newest = max((p.max_ts for p in store.snapshot().select("events") if p.max_ts), default=None)
    if newest is None:
        return Check("freshness", "failed", "the store holds no call", "forensics nightly SOURCE...", Exit.UNUSABLE_INPUT)
    age = (now - newest) / timedelta(hours=1)
    said = f"the newest call is {age:,.0f} hours old"
    if age > config.nightly.max_age_hours:
        return Check("freshness", "failed", said, "does the gateway still write, and where?", Exit.UNUSABLE_INPUT)
    return Check("freshness", "warning" if age < -1 else "ok", said, "the log's clock is ahead of ours" if age < -1 else None)


def _sources(config: Config) -> Check:
    if not config.nightly.sources:
        return Check("sources", "warning", "nightly.sources names none", "then forensics nightly needs them as arguments")
    try:
        found = expand(config.nightly.sources)
    except ForensicsError as error:
        return _failed("sources", error)
    unreadable = [s.uri for s in found if s.path and not os.access(s.path, os.R_OK)]
    if unreadable:
        return Check("sources", "failed", f"{len(unreadable)} cannot be read, the first is {unreadable[0]}", None, Exit.UNUSABLE_INPUT)
    return Check("sources", "ok", f"{len(found):,} files")


def _sink(name: str, sink: SinkConfig) -> Check:
    what = f"sink {name}"
    try:
        way = route(name, sink)
        said = _reached(way.target)
    except ForensicsError as error:
        return _failed(what, error)
    except OSError as error:
        return Check(
            what, "failed", f"cannot be reached: {error.strerror or error}", "address, firewall, certificates?", Exit.DELIVERY_INCOMPLETE
        )
    open_to_all = [f for f in (sink.token_file, sink.url_file, sink.client_key_file) if f and Path(f).expanduser().stat().st_mode & 0o007]
    if open_to_all:
        return Check(what, "warning", f"{open_to_all[0]} can be read by everybody", f"chmod 600 {open_to_all[0]}")
    return Check(what, "ok", said)


def _reached(target: Target) -> str:
    """Connect as delivery would, and send nothing."""
    parts = urlsplit(target.proxy or target.url)
    if parts.scheme in PORTS:
        host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
        with socket.create_connection((host, port), timeout=min(target.timeout, 10.0)) as plain:
            if parts.scheme in ("https", "tls"):
                with context(target).wrap_socket(plain, server_hostname=host) as secured:
                    return f"{target.shown} answers, {secured.version()}"
        return f"{'the proxy for ' if target.proxy else ''}{target.shown} answers"
    if parts.scheme in ("udp", "s3", "stdout") or target.url == "-":
        return f"{target.shown}: whether it takes anything shows when something is sent"
    place = Path(unquote(parts.path) if "://" in target.url else target.url).expanduser()
    folder = place if target.url.endswith("/") else place.parent
    while not folder.exists():
        folder = folder.parent
    if not os.access(folder, os.W_OK):
        raise PermissionError(f"{folder} cannot be written")
    return f"{place} can be written"


def _failed(name: str, error: ForensicsError) -> Check:
    return Check(name, "failed", str(error), error.hint, Exit(error.exit_code))
