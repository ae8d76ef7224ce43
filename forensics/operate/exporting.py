"""Incidents to receivers: what a sink of the configuration is owed, or the queue as it stands, once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from forensics.config.secrets import secret
from forensics.config.sinks import Redaction, SinkConfig, scheme_problem, url_problem
from forensics.export.delivery import Clock, Delivered, Once, Patience, deliver
from forensics.export.interface import ExportFormat, Outgoing, SinkKind, Target
from forensics.export.plugins import format_named, sink_kind
from forensics.export.redact import redact
from forensics.model.errors import UsageError
from forensics.model.rule import LEVELS
from forensics.store import Outbox, Revision, Store


@dataclass(frozen=True, slots=True)
class Route:
    """A format, the kind of sink, and the place: everything that delivery needs, secrets resolved."""

    fmt: ExportFormat
    kind: SinkKind
    target: Target


def route(name: str, sink: SinkConfig) -> Route:
    """What the configuration of a sink stands for.

    Raises:
        UsageError: the format is unknown, a secret is not there, or the address is none.
    """
    fmt = format_named(sink.format)
    what = f"sinks.{name}"
    url = sink.url or secret(sink.url_env, sink.url_file, f"{what}: the address") or ""
    proxy = sink.proxy or secret(sink.proxy_env, None, f"{what}: the proxy")
    if problem := url_problem(url) or scheme_problem(url):
        raise UsageError(f"{what}: the address {problem}", hint="for example https://collector.example/services/collector/event")
    target = Target(
        url=url,
        media_type=fmt.media_type,
        suffix=fmt.suffix,
        whole=fmt.whole,
        token=secret(sink.token_env, sink.token_file, f"{what}: the token"),
        auth_header=sink.auth_header,
        auth_scheme=sink.auth_scheme,
        headers=tuple(sorted(sink.headers.items())),
        ca_file=sink.ca_file,
        client_cert_file=sink.client_cert_file,
        client_key_file=sink.client_key_file,
        proxy=proxy,
        endpoint=sink.endpoint,
        framing=sink.framing,
        timeout=sink.timeout_seconds,
    )
    return Route(fmt, sink_kind(url), target)


def severities(least: str) -> tuple[str, ...]:
    """This one and those above."""
    return LEVELS[LEVELS.index(least) :]


@dataclass(frozen=True, slots=True)
class _Owed:
    """The store's outbox of one sink as a box of redacted revisions."""

    outbox: Outbox
    profile: Redaction
    secret: bytes

    def waiting(self, limit: int) -> Sequence[Outgoing]:
        return [outgoing(r, self.profile, self.secret) for r in self.outbox.waiting(limit)]

    def settle(self, delivered: Sequence[str], retry: Mapping[str, str], refused: Mapping[str, str]) -> None:
        self.outbox.settle(delivered, retry, refused)


def outgoing(revision: Revision, profile: Redaction, secret: bytes) -> Outgoing:
    """A recorded revision, redacted."""
    incident = redact(revision.incident, profile, secret)
    return Outgoing(incident, revision.action, revision.key, revision.created_at, revision.modified_at)


def deliver_to(store: Store, name: str, sink: SinkConfig, secret: bytes, *, revive: bool = False, clock: Clock | None = None) -> Delivered:
    """Give a sink of the configuration what it is owed. ``revive``: what it refused earlier, too.

    Raises:
        UsageError: the sink cannot be as configured; what waits goes on waiting. LockedError: another run holds the store.
    """
    with store.writing():
        outbox = store.outbox(name)
        # Before anything can go wrong: what waits is to be seen even where the sink cannot be used.
        outbox.queue(severities(sink.min_severity), sink.since)
        if revive:
            outbox.revive()
        way = route(name, sink)
        patience = Patience(attempts=sink.attempts, seconds=sink.patience_seconds)
        box = _Owed(outbox, sink.redaction, secret)
        return deliver(box, way.fmt, way.kind, way.target, batch=sink.batch, patience=patience, clock=clock)


def owed(store: Store, name: str, sink: SinkConfig, secret: bytes) -> tuple[Outgoing, ...]:
    """What `deliver_to` would send now; changes nothing."""
    with store.writing():
        found = store.outbox(name).preview(severities(sink.min_severity), sink.since)
    return tuple(outgoing(r, sink.redaction, secret) for r in found)


def standing(store: Store, sink: SinkConfig, secret: bytes) -> tuple[Outgoing, ...]:
    """The last revision of every incident that ``sink`` asks for, in the order in which they were made."""
    wanted = severities(sink.min_severity)
    found = [r for r in store.revisions().values() if r.incident.severity in wanted and (sink.since is None or r.modified_at >= sink.since)]
    return tuple(outgoing(r, sink.redaction, secret) for r in sorted(found, key=_order))


def _order(revision: Revision) -> tuple[datetime, str]:
    return revision.modified_at, revision.key


def export(found: Sequence[Outgoing], sink: SinkConfig, *, clock: Clock | None = None) -> tuple[Delivered, dict[str, str]]:
    """Send these once; (what was done, what was refused and why). A file is written anew, whole.

    Raises:
        UsageError: the sink cannot be as asked for.
    """
    way = route("export", sink)
    target = replace(way.target, replace=True)
    local = bool({"file", "stdout"} & set(way.kind.schemes))
    if local and not found:  # what an earlier export left there is not what stands now
        with way.kind.open(target) as opened:
            for message in way.fmt.render(()):
                opened.send(message)
    box = Once(list(found))
    patience = Patience(attempts=1 if local else sink.attempts, seconds=sink.patience_seconds)
    size = max(1, len(found)) if local else sink.batch
    return deliver(box, way.fmt, way.kind, target, batch=size, patience=patience, clock=clock), box.refused
