"""One night: read what is there, scan the days that got new calls, deliver what is owed; under one lock, and again if it was killed."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import forensics
from forensics import pipeline
from forensics.config import Config
from forensics.engine.interface import Engine
from forensics.export.delivery import Clock
from forensics.export.sinks.file import write_whole
from forensics.ingest.mapping import load_mapping
from forensics.ingest.verdict import problem
from forensics.io.sources import expand
from forensics.model.errors import Exit, ForensicsError, InputError, StoreError, UsageError
from forensics.model.rule import LEVELS, Level
from forensics.operate import telemetry
from forensics.operate.exporting import deliver_to
from forensics.operate.record import Night, prometheus
from forensics.sketch.key import Key
from forensics.store import Store

DAY = timedelta(days=1)


class FailOnMetError(ForensicsError):
    """Not an error of the program: an incident as grave as was asked for."""

    exit_code = Exit.FAIL_ON_MET


class DeliveryError(ForensicsError):
    """A receiver has not got everything."""

    exit_code = Exit.DELIVERY_INCOMPLETE


@dataclass(frozen=True, slots=True)
class Job:
    """What a night needs beside its store. ``told``: called with what is worth saying while it runs."""

    config: Config
    key: Key
    engine: Engine
    rules: Path
    sources: Sequence[str]
    fail_on: Level | None = None
    told: Callable[[str], None] = lambda text: None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    clock: Clock | None = None


def run(store: Store, job: Job) -> Night:
    """The night's record, which is also kept in the store and written where the configuration says.

    What goes wrong in one stage is in the record and does not keep the others from doing what they can: a night without logs still
    delivers, a receiver that is down keeps nothing from the next one.

    Raises:
        LockedError: another run holds the store. StoreError: the store cannot be used any further.
    """
    with store.writing():
        run_id, resumed = store.begin_run()
        night = Night(run_id, job.now(), forensics.__version__, resumed=resumed)
        failed: StoreError | None = None
        try:
            _read(store, job, night)
            found = _scan(store, job, night)
            _deliver(store, job, night)
            if job.fail_on and (grave := [i for i in found if LEVELS.index(i) >= LEVELS.index(job.fail_on)]):
                night.trouble("scan", FailOnMetError(f"{len(grave)} incidents are {job.fail_on} or above"))
        except StoreError as error:
            night.trouble("store", failed := error)
        night.finished_at = job.now()
        _tell(job, night)
        if failed:
            raise failed
        store.finish_run(run_id, json.dumps(night.as_json(), sort_keys=True))
    return night


def _read(store: Store, job: Job, night: Night) -> None:
    settings = job.config.nightly
    try:
        if not job.sources:
            raise UsageError("no source", hint="forensics nightly SOURCE..., or nightly.sources in the configuration")
        mapping = load_mapping(Path(settings.mapping)) if settings.mapping else None
        reports = pipeline.ingest(store, expand(job.sources), job.config, job.key, format_name=settings.format, mapping=mapping)
    except (UsageError, InputError) as error:
        night.trouble("ingest", error)
        return
    night.count(reports)
    for report in reports:
        if report.status == "unusable" or report.rejected:
            job.told(f"{report.uri}: {f'{report.rejected:,} records rejected' if report.rejected else report.reason}")
    if wrong := problem(reports, job.sources, job.config.ingest.max_rejects):
        night.trouble("ingest", wrong)
    elif not night.new and not night.resumed and not store.fresh_dates():
        hint = "has the log of the day been written, and where?"
        night.trouble("ingest", InputError("an empty night: the sources hold no call that is not known", hint=hint))


def _scan(store: Store, job: Job, night: Night) -> list[Level]:
    """Severities of what was found in the days with new calls."""
    night.scanned_dates = store.fresh_dates()
    look_back = job.config.nightly.look_back_days
    found: dict[str, Level] = {}
    try:
        for first, last in together(night.scanned_dates, look_back):
            since, until = midnight(first) - look_back * DAY, midnight(last) + DAY
            result = pipeline.scan(store, job.config, job.engine, job.rules, since=since, until=until)
            night.scans.append(result.scan)
            found |= {i.incident_id: i.severity for i in result.incidents if not i.closed}
            new = result.scan.new_incidents
            job.told(f"{first} to {last}: {result.scan.events:,} calls, {result.scan.incidents:,} incidents, {new:,} new")
    except (UsageError, InputError) as error:
        night.trouble("scan", error)
    days = {p.date for p in store.snapshot().select("events") if p.date}
    night.newest_event = max((p.max_ts for p in store.snapshot().select("events") if p.max_ts), default=None)
    night.missing_dates = missing(days, look_back)
    if night.missing_dates:
        job.told(f"no call on {', '.join(map(str, night.missing_dates))}: were these days logged?")
    night.incidents = dict(Counter(i.severity for i in pipeline.prior_incidents(store) if not i.closed))
    return list(found.values())


def together(dates: Sequence[date], look_back: int) -> list[tuple[date, date]]:
    """Runs (first, last) of dates that are to be scanned in one window: those whose look-back would touch the run before."""
    runs: list[tuple[date, date]] = []
    for day in sorted(dates):
        if runs and (day - runs[-1][1]).days <= look_back + 1:
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    return runs


def missing(days: set[date], look_back: int) -> tuple[date, ...]:
    """Days without a call in the look-back before the newest, after the oldest."""
    if not days:
        return ()
    newest, oldest = max(days), min(days)
    window = [newest - n * DAY for n in range(look_back, 0, -1)]
    return tuple(day for day in window if day > oldest and day not in days)


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _deliver(store: Store, job: Job, night: Night) -> None:
    for name, sink in sorted(job.config.sinks.items()):
        try:
            done = deliver_to(store, name, sink, job.key.secret, clock=job.clock)
        except (UsageError, InputError) as error:
            night.trouble(f"delivery to {name}", error)
            continue
        night.deliveries[name] = done
        job.told(f"{name}: {done.delivered:,} revisions delivered, {done.refused:,} refused")
        if done.problem:
            night.trouble(f"delivery to {name}", DeliveryError(f"incomplete: {done.problem}", hint="the next night tries again"))
        elif done.refused:
            hint = f"forensics query \"select * from deliveries where sink = '{name}' and state = 'dead'\""
            night.trouble(f"delivery to {name}", DeliveryError(f"{done.refused:,} revisions refused for good", hint=hint))
    counts = store.deliveries()
    night.waiting = {name: counts.get(name, {}).get("waiting", 0) for name in sorted(job.config.sinks)}
    night.dead = {name: counts.get(name, {}).get("dead", 0) for name in sorted(job.config.sinks)}


def _tell(job: Job, night: Night) -> None:
    """Record and metrics to where the configuration says. That one of these places is gone is trouble, too."""
    settings = job.config.nightly
    if settings.otlp_endpoint:
        try:
            if not telemetry.send(night, settings.otlp_endpoint):
                hint = "nightly.otlp_endpoint; the night itself is done"
                night.trouble("telemetry", DeliveryError("the collector did not take the metrics", hint=hint))
        except UsageError as error:
            night.trouble("telemetry", error)
    _write("nightly.metrics_file", settings.metrics_file, prometheus(night), night)
    _write("nightly.record_file", settings.record_file, json.dumps(night.as_json(), indent=1) + "\n", night)


def _write(setting: str, file: str | None, content: str, night: Night) -> None:
    if file:
        try:
            write_whole(Path(file).expanduser().absolute(), content.encode(), mode=0o644)
        except OSError as error:
            night.trouble("telemetry", UsageError(f"cannot be written: {error.strerror}", where=file, hint=setting))
