"""The stages, each called once, in order. Reads top to bottom; prints nothing."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

import forensics
from forensics.config import Config
from forensics.detect import anomaly
from forensics.detect.interface import Detector, Subjects, together
from forensics.detect.invariants.interface import Alibi, Invariant, load_analytics, relations
from forensics.detect.judge import judge
from forensics.detect.match import analytic_name, match
from forensics.detect.rules import load_rules, rules_sha256
from forensics.engine.interface import Engine
from forensics.features.frame import FeatureSet, assemble
from forensics.features.interface import Feature, load_features
from forensics.features.kernel import Partition, compute, feature_schema
from forensics.incidents.continuity import carry
from forensics.incidents.correlate import correlate
from forensics.incidents.rank import rank
from forensics.incidents.tables import from_tables, to_tables
from forensics.ingest.canonical import Canonicaliser
from forensics.ingest.interface import LogFormat
from forensics.ingest.recognise import builtin_formats
from forensics.ingest.run import Ingest, Progress, Settings, named_format
from forensics.io.sources import Source
from forensics.model.discover import discover
from forensics.model.errors import InputError, UsageError
from forensics.model.event import BUCKETS, TABLES
from forensics.model.incident import STATUSES, VERDICTS, Incident
from forensics.model.lineage import DERIVED
from forensics.model.rule import LEVELS, Rule
from forensics.model.scan import Scan, Skipped, SourceReport
from forensics.report.view import Page
from forensics.similarity.lineages import LINEAGES, MOST_DIMENSIONS, SINGLES, Past, Traffic, nodes, share_out, sizes
from forensics.sketch import SKETCH_VERSION
from forensics.sketch.key import Key
from forensics.store import CallBatch, Decision, Snapshot, Store, write_by_bucket

if TYPE_CHECKING:
    from forensics.emulate.scenario import Emulation


ROWS_PER_PARTITION = 100_000
BYTES_AT_ONCE = 500_000_000  # of vectors and sketches, of which the forest is held in memory together, several times over
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ScanResult:
    """A scan's record, and the incidents that this scan found or found again, ranked. The store may hold more, of earlier ones."""

    scan: Scan
    incidents: tuple[Incident, ...]


def ingest(
    store: Store,
    sources: Sequence[Source],
    config: Config,
    key: Key,
    *,
    format_name: str | None = None,
    mapping: LogFormat | None = None,
    progress: Progress = lambda source, done: None,
) -> tuple[SourceReport, ...]:
    """Read ``sources`` into ``store``; what it holds already is not added again. One report per source.

    Raises:
        InputError: ``format_name`` is unknown. LockedError: another run holds the store.
    """
    formats = builtin_formats()
    known_formats = (*formats, mapping) if mapping else formats
    forced = named_format(format_name, known_formats) if format_name else None
    settings = Settings(formats, forced, mapping, config.ingest.max_record_mb * 1_000_000)
    counts: dict[str, Counter[str]] = {source.uri: Counter() for source in sources}
    reports: list[SourceReport] = []
    engine = config.engine
    taking_apart = Canonicaliser(key, config.ingest.identity, threads=engine.threads, memory_limit=engine.memory_limit)
    with store.writing(), taking_apart as canonicaliser:
        for batch in Ingest(sources, canonicaliser, settings, partial(_read_before, store, key), progress).batches():
            calls = CallBatch(batch.events, batch.items, batch.vectors, key.key_id, SKETCH_VERSION)
            result = store.append(calls, [_with_counts(r, counts[r.uri]) for r in batch.reports])
            reports += result.reports
            for added in result.counts:
                counts[added.uri].update(new=added.new, duplicates=added.duplicates, conflicts=added.conflicts, items=added.items)
        store.publish_catalog()
    order = {source.uri: place for place, source in enumerate(sources)}
    return tuple(sorted(reports, key=lambda r: order[r.uri]))


def _with_counts(report: SourceReport, earlier: Counter[str]) -> SourceReport:
    """The report of a source whose first records went into earlier commits."""
    return replace(report, new=earlier["new"], duplicates=earlier["duplicates"], conflicts=earlier["conflicts"], items=earlier["items"])


def _read_before(store: Store, key: Key, head_id: str) -> frozenset[tuple[str, str]]:
    """(content id, format) of what was read whole under this key, without a reject that another try might save."""
    return frozenset((s.source_id, s.format) for s in store.known_source(head_id) if s.key_id == key.key_id and not s.rejected)


def detect_format(source: Source, mapping: LogFormat | None = None) -> SourceReport:
    """Which format ``source`` is in, why, and what share of its first records fills each column. Stores nothing."""
    key = Key("detect", b"\0" * 32)  # hashes are thrown away
    with Canonicaliser(key, Config().ingest.identity) as canonicaliser:
        return Ingest([source], canonicaliser, Settings(builtin_formats(), None, mapping, 32_000_000)).sample()


@dataclass(frozen=True, slots=True)
class Grown:
    """The near-duplicate forest of a window, on disk: files of nodes by the bucket of their clients, and of every derived table; and what
    has no node."""

    nodes: dict[int, list[str]]
    derived: dict[str, list[Path]]
    skipped: tuple[Skipped, ...]


def features(
    store: Store, config: Config, engine: Engine, since: datetime | None = None, until: datetime | None = None
) -> tuple[tuple[datetime, datetime], FeatureSet]:
    """Compute every feature over [since, until), by default over all that the store holds.

    Raises:
        InputError: the window holds no event.
    """
    snapshot = store.snapshot()
    window = _window(snapshot, since, until)
    with store.scratch() as folder:
        return window, _features(
            snapshot, config, engine, _counted(*load_analytics()), window, _forest(snapshot, config, engine, window, folder), folder
        )


@dataclass(frozen=True, slots=True)
class Counted:
    """Everything that is counted per client: features, and where invariants hold; and the tables that the latter read."""

    plugins: tuple[Feature, ...]
    relations: tuple[tuple[str, str], ...]


def _counted(invariants: Sequence[Invariant], alibis: Sequence[Alibi]) -> Counted:
    found = (*load_features(), *(Feature(invariant.spec, invariant.counted) for invariant in invariants))
    return Counted(tuple(sorted(found, key=lambda f: f.spec.name)), relations(alibis))


def _window(snapshot: Snapshot, since: datetime | None, until: datetime | None) -> tuple[datetime, datetime]:
    first = min((p.min_ts for p in snapshot.select("events") if p.min_ts), default=None)
    last = max((p.max_ts for p in snapshot.select("events") if p.max_ts), default=None)
    if first is None or last is None:
        raise InputError("the store holds no event", hint="forensics ingest SOURCE")
    start, end = max(since or first, EPOCH), until or last + timedelta(microseconds=1)
    if since and until and start >= end:
        raise UsageError(
            f"the window from {start.isoformat()} until {end.isoformat()} is empty",
            hint="--until is where the window ends, and is not part of it: for one day name the next one",
        )
    if start > last or end <= first:
        what = f"no event from {start.isoformat()} on" if start > last else f"no event before {end.isoformat()}"
        raise InputError(what, hint=f"the store holds {first.isoformat()} to {last.isoformat()}")
    return start, end


def _features(
    snapshot: Snapshot,
    config: Config,
    engine: Engine,
    counted: Counted,
    window: tuple[datetime, datetime],
    forest: Grown,
    folder: Path,
) -> FeatureSet:
    start, end = window
    run = partial(compute, features=counted.plugins, relations=counted.relations, **config.engine.resources)
    partitions = []
    for buckets in _shared_out(snapshot, start, end):
        files = {
            table: [str(p.path) for bucket in buckets for p in snapshot.select(table, bucket=bucket, since=start, until=end)]
            for table in TABLES
        }
        files["nodes"] = [path for bucket in buckets for path in forest.nodes.get(bucket, [])]
        partitions.append(Partition(tuple((t, tuple(paths)) for t, paths in files.items()), start, end, str(folder / "spill")))
    inhabited = [p for p in partitions if dict(p.files)["events"]]
    found = assemble(engine.map(run, inhabited), counted.plugins) if inhabited else None
    if found is None or not found.events:
        raise InputError(f"no event between {start.isoformat()} and {end.isoformat()}", hint="widen --since and --until")
    return replace(found, skipped=(*found.skipped, *forest.skipped))


def _shared_out(snapshot: Snapshot, start: datetime, end: datetime) -> list[range]:
    """Buckets that make a partition together: few queries cost less in one. No result depends on it."""
    rows = sum(p.rows for p in snapshot.select("items", since=start, until=end))
    width = next((w for w in (1, 2, 4, 8) if rows / (BUCKETS / w) >= ROWS_PER_PARTITION), BUCKETS)
    return [range(first, first + width) for first in range(0, BUCKETS, width)]


def _slices(snapshot: Snapshot, window: tuple[datetime, datetime], most: int) -> list[tuple[datetime, datetime]]:
    """The window in runs of whole days of about ``most`` bytes: what one run made is the next one's past, as from night to night."""
    starts, held = [window[0]], 0
    for day, size in sizes(_paths(snapshot, "items", *window), *window):
        midnight = datetime.combine(day, time(), UTC)
        if held and held + size > most and midnight > starts[-1]:
            starts.append(midnight)
            held = 0
        held += size
    return list(zip(starts, [*starts[1:], window[1]], strict=True))


def _forest(snapshot: Snapshot, config: Config, engine: Engine, window: tuple[datetime, datetime], folder: Path) -> Grown:
    """Grow the near-duplicate forest of every model in the window, below ``folder``, on what earlier scans left."""
    run = partial(nodes, **config.engine.resources)
    by_bucket: dict[int, list[str]] = {}
    derived: dict[str, list[Path]] = {name: [] for name in DERIVED}
    without: Counter[str] = Counter()
    for start, end in _slices(snapshot, window, BYTES_AT_ONCE):
        queries = {t: _paths(snapshot, t, start, end) for t in TABLES}
        past = Past(
            until=window[0],
            nodes=_paths(snapshot, "nodes", start - SINGLES, window[0]),
            representatives=_paths(snapshot, "representatives", start - LINEAGES, window[0]),
            items=_paths(snapshot, "items", start - SINGLES, start),
            vectors=_paths(snapshot, "vectors", start - SINGLES, start),
            fresh_nodes=tuple(map(str, derived["nodes"])),
            fresh_representatives=tuple(map(str, derived["representatives"])),
        )
        groups = share_out(queries["items"], start, end)
        work = [Traffic(group, **queries, start=start, end=end, past=past, spill=str(folder / "spill")) for group in groups]
        for forest in engine.map(run, work):
            place = folder / str(len(derived["representatives"]))
            without.update(long=forest.too_long, old=forest.too_old)
            for bucket, path in write_by_bucket(forest.nodes, place):
                by_bucket.setdefault(bucket, []).append(str(path))
                derived["nodes"].append(path)
            pq.write_table(forest.representatives, place / "representatives.parquet")
            derived["representatives"].append(place / "representatives.parquet")
    long = f"{without['long']:,} rows have more than {MOST_DIMENSIONS:,} numbers: they are compared with nothing"
    old = f"an older version kept {without['old']:,} texts: they are compared with nothing until their logs are read into a new store"
    skipped = [Skipped("similarity", name, reason) for name, n, reason in (("vectors", "long", long), ("text", "old", old)) if without[n]]
    return Grown(by_bucket, derived, tuple(skipped))


def _paths(snapshot: Snapshot, table: str, since: datetime, until: datetime) -> tuple[str, ...]:
    return tuple(str(p.path) for p in snapshot.select(table, since=since, until=until))


def scan(
    store: Store,
    config: Config,
    engine: Engine,
    rules_directory: Path,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> ScanResult:
    """Events to ranked incidents, stored and published.

    Raises:
        UsageError: a rule does not load. InputError: the window is empty. LockedError: another run holds the store.
    """
    invariants, alibis = load_analytics()
    counted = _counted(invariants, alibis)
    plugins = counted.plugins
    rules = load_rules(rules_directory, [f.spec for f in plugins])
    with store.writing(), store.scratch() as folder:
        snapshot = store.snapshot()
        window = _window(snapshot, since, until)
        forest = _forest(snapshot, config, engine, window, folder)
        found = _features(snapshot, config, engine, counted, window, forest, folder)
        subjects = Subjects(found.frame, found.specs, found.examples, *window)
        by_rules = match(rules, [f.spec for f in plugins], found.frame, found.examples, *window)
        detectors = discover(anomaly, "DETECTOR", Detector)  # type: ignore[type-abstract]  # only instances are asked for
        by_invariants = judge(invariants, alibis, subjects)
        matches = together([by_rules, by_invariants, *(detector.find(subjects) for detector in detectors)])
        drafts = correlate(matches.findings, config.scan.false_discovery_rate, matches.q_values)
        prior = prior_incidents(store)
        ran = {analytic_name(rule) for rule in rules} | {i.analytic for i in invariants} | {detector.name for detector in detectors}
        ranked = rank(carry(drafts, prior, ran))
        record = Scan(
            scan_id=_scan_id(snapshot.commit_id, window, config, rules),
            window_start=window[0],
            window_end=window[1],
            engine=engine.name,
            data_commit=snapshot.commit_id,
            config_sha256=config.sha256,
            rules_sha256=rules_sha256(rules),
            key_ids=tuple(sorted({p.key_id for p in snapshot.parts if p.table == "items"})),
            features=tuple(f"{s.name}@{s.version}" for s in found.specs),
            events=found.events,
            items=found.items,
            clients=len(set(found.frame["client_id"].to_pylist())),
            findings=len(matches.findings),
            incidents=len(drafts),
            new_incidents=len({i.incident_id for i in ranked} - {i.incident_id for i in prior}),
            skipped=(*found.skipped, *matches.skipped),
            tool_version=forensics.__version__,
        )
        # A skipped feature publishes an empty table: what an earlier scan found must not pass for this one's.
        computed = {f.spec.name: found.tables.get(f.spec.name, feature_schema(f.spec).empty_table()) for f in plugins}
        tables = {f"features_{name}": table for name, table in computed.items()} | to_tables(ranked)
        store.publish_scan(record, tables, forest.derived, ranked)
    found_here = {(d.clients, d.models) for d in drafts}
    return ScanResult(record, tuple(i for i in ranked if (i.clients, i.models) in found_here and i.merged_into is None))


def report(store: Store, html: Path, *, min_severity: str = LEVELS[0], top: int = 50, shown_store: str | None = None) -> Page:
    """Write the latest scan as one self-contained HTML file, and return what it shows.

    Incidents below ``min_severity`` are counted only; the first ``top`` are told in full. ``shown_store`` is what ``--store`` must
    say in the commands of the page, null where the default leads to the store.

    Raises:
        InputError: the store has not been scanned. UsageError: ``html`` cannot be written.
    """
    from forensics.report.build import build  # the template engine loads for this command only
    from forensics.report.page import render, write

    page = build(store, rank(prior_incidents(store)), min_severity=min_severity, top=top, shown_store=shown_store)
    write(html, render(page))
    return page


def decide(store: Store, incident_id: str, *, status: str | None, verdict: str | None, author: str, note: str) -> Incident:
    """An analyst's decision: the incident as it stands from now on, in a revision of its own. What is null stays as it is.

    Raises:
        UsageError: there is no such incident, no such status or verdict, or nothing would change. LockedError: another run holds the store.
    """
    for value, known, what in ((status, STATUSES, "status"), (verdict, VERDICTS, "verdict")):
        if value is not None and value not in known:
            raise UsageError(f"no {what} is called {value!r}", hint=f"known are {', '.join(known)}")
    with store.writing():
        prior = {i.incident_id: i for i in prior_incidents(store)}
        if incident_id not in prior:
            raise UsageError(f"no incident is called {incident_id!r}", hint="forensics incidents list")
        before = prior[incident_id]
        after = replace(before, status=status or before.status, verdict=verdict or before.verdict)
        if after == before and not note:
            raise UsageError(f"{incident_id} is {before.status}, {before.verdict} already", hint="--note adds a remark")
        after = replace(after, revision=before.revision + 1)
        ranked = rank((prior | {incident_id: after}).values())
        decision = Decision(incident_id, after.revision, after.status, after.verdict, author, note)
        store.publish_decision(decision, to_tables(ranked), ranked)
    return after


def prior_incidents(store: Store) -> tuple[Incident, ...]:
    """What earlier scans stored, by id; empty before the first."""
    incidents, findings, evidence = store.results("incidents", "findings", "evidence")
    if incidents is None or findings is None or evidence is None:
        return ()
    return from_tables(incidents, findings, evidence)


def unscanned(store: Store) -> int:
    """Calls at times that no scan's window holds. Those that came later into hours that were scanned are not told apart."""
    with store.reader() as con:
        scans = con.sql("select window_start, window_end from scans order by all").to_arrow_table()
        merged: list[tuple[datetime, datetime]] = []
        for start, end in zip(scans["window_start"].to_pylist(), scans["window_end"].to_pylist(), strict=True):
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        seen = " or ".join(f"(ts >= '{a.isoformat()}'::timestamptz and ts < '{b.isoformat()}'::timestamptz)" for a, b in merged)
        ((n,),) = con.sql(f"select count(*) from events where not ({seen or 'false'})").fetchall()
    return int(n)


def _scan_id(commit: int, window: tuple[datetime, datetime], config: Config, rules: Iterable[Rule]) -> str:
    parts = [str(commit), *(moment.astimezone(UTC).isoformat() for moment in window), config.sha256, rules_sha256(tuple(rules))]
    return sha256("\0".join(parts).encode()).hexdigest()[:16]


def emulate(
    scenario: str, directory: Path, *, clients: int, attackers: float, seed: int, format_name: str | None = None
) -> "tuple[Emulation, tuple[Path, ...]]":
    """Labelled traffic: its logs into ``directory``/logs, what every account was into ``directory``/truth.jsonl.

    Raises:
        UsageError: there is no such scenario, the format cannot be written, or something else lies in ``directory``.
    """
    from forensics.emulate.scenario import emulate as run  # scikit-learn loads for this command only
    from forensics.emulate.write import fresh_directory, write_log

    formats = {fmt.name: fmt for fmt in builtin_formats() if fmt.writes}
    if format_name and format_name not in formats:
        reads = "a mapping file reads logs, it cannot write them" if format_name.endswith(".toml") else "no such format can be written"
        raise UsageError(f"{format_name}: {reads}", hint=f"known are {', '.join(formats)}")
    made = run(scenario, clients=clients, attackers=attackers, seed=seed, log_format=format_name)
    place = fresh_directory(directory, "emulate", ("logs", "truth.jsonl"))
    (place / "logs").mkdir()
    paths = []
    for (world, name), calls in made.logs.items():
        paths.append(place / "logs" / f"{world}-{name}{formats[name].suffix}")
        write_log(calls, formats[name].writes, paths[-1])
    (place / "truth.jsonl").write_text("".join(t.line + "\n" for t in made.truth), encoding="utf-8")
    return made, tuple(paths)
