"""Nights: what is late, missing or delivered twice; a receiver that is down; and thirty of them in a row."""

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from delivery_support import Waits
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from receiver import Receiver, receiving

from forensics import pipeline
from forensics.config import Config
from forensics.emulate.scenario import emulate
from forensics.emulate.write import write_log
from forensics.engine.local import LocalEngine
from forensics.ingest.recognise import builtin_formats
from forensics.model.errors import Exit, LockedError
from forensics.operate import telemetry
from forensics.operate.nightly import Job, missing, run, together
from forensics.operate.record import Night, prometheus
from forensics.sketch.key import Key
from forensics.store import Store

START = date(2026, 3, 1)
NIGHTS = 30


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> dict[date, list[Path]]:
    """Emulated traffic, stretched over a month, in a log for each day and world."""
    place = tmp_path_factory.mktemp("month")
    formats = {fmt.name: fmt for fmt in builtin_formats()}
    days: dict[date, list[Path]] = {}
    for (world, name), calls in emulate("mixed", clients=40, attackers=0.25, seed=5).logs.items():
        ts = calls["ts"].cast(pa.int64())
        low, high = pc.min(ts).as_py(), pc.max(ts).as_py()
        share = pc.divide(pc.cast(pc.subtract(ts, low), pa.float64()), float(high - low + 1))
        begin = int(datetime(START.year, START.month, START.day, tzinfo=UTC).timestamp() * 1_000_000)
        moved = pc.add(begin, pc.cast(pc.floor(pc.multiply(share, float(NIGHTS * 86_400_000_000))), pa.int64()))
        calls = calls.set_column(calls.schema.get_field_index("ts"), "ts", moved.cast(calls["ts"].type))
        for n in range(NIGHTS):
            day = START + timedelta(days=n)
            mine = calls.filter(pc.equal(pc.cast(calls["ts"], pa.date32()), pa.scalar(day)))
            if mine.num_rows:
                path = place / str(day) / f"{world}{formats[name].suffix}"
                path.parent.mkdir(exist_ok=True)
                write_log(mine, formats[name].writes, path)
                days.setdefault(day, []).append(path)
    return days


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving(Receiver()) as running:
        yield running


Nightly = Callable[..., Night]


@pytest.fixture
def nightly(tmp_path: Path, root: Path, key: Key, waits: Waits, receiver: Receiver, lines: None) -> Nightly:
    """A night over these logs, delivered to a receiver."""

    def go(*logs: Path, sinks: dict[str, Any] | None = None, **options: Any) -> Night:
        siem = {"siem": {"format": "lines", "url": receiver.url, "min_severity": "medium", "timeout_seconds": 0.5, "attempts": 2}}
        given = {"nightly": {"look_back_days": 3} | options.pop("nightly", {}), "sinks": siem if sinks is None else sinks}
        job = Job(Config.model_validate(given), key, LocalEngine(), root / "rules", tuple(map(str, logs)), clock=waits.clock(), **options)
        return run(Store.open(tmp_path / "store", create=True), job)

    return go


def query(tmp_path: Path, sql: str) -> list[tuple[Any, ...]]:
    with Store.open(tmp_path / "store").reader() as con:
        return con.sql(sql).fetchall()


def test_thirty_nights(month: dict[date, list[Path]], nightly: Nightly, receiver: Receiver, tmp_path: Path) -> None:
    """One day comes three nights late, one twice, and the receiver is down for two nights; an analyst closes an incident."""
    days = sorted(month)
    late, again, down, decided = days[7], days[12], (days[17], days[18]), days[21]
    ids: set[str] = set()
    open_one = ""
    for n, day in enumerate(days):
        logs = [] if day == late else list(month[day])
        logs += month[late] if n == 10 else []
        logs += month[again] if n == 13 else []
        receiver.mood = (
            (lambda number: "unavailable") if day in down else (lambda number: "accept_and_die" if number % 7 == 0 else "accept")
        )
        if day == decided:
            open_one = sorted(receiver.had)[0].rpartition("-r")[0]
            pipeline.decide(
                Store.open(tmp_path / "store"), open_one, status="resolved", verdict="true_positive", author="ana", note="key revoked"
            )
        night = nightly(*logs) if logs else nightly(*month[days[0]])
        expected = {Exit.UNUSABLE_INPUT} if not logs else {Exit.DONE, Exit.DELIVERY_INCOMPLETE} if day in down else {Exit.DONE}
        assert night.code in expected, night.troubles
        if n == 10:
            assert night.scanned_dates == (late, day)
        if n in (8, 9):
            assert night.missing_dates == (late,)
        found = {incident_id for (incident_id,) in query(tmp_path, "select incident_id from incidents")}
        assert ids <= found  # an id is never taken back
        ids = found
    pairs = query(tmp_path, "select clients, models, count(*) from incidents where merged_into is null group by all having count(*) > 1")
    assert pairs == []
    told = follow(receiver)
    wanted = {
        incident_id: (revision, severity, status)
        for incident_id, revision, severity, status in query(
            tmp_path, "select incident_id, revision, severity, status from incidents where severity in ('medium', 'high', 'critical')"
        )
    }
    assert {i: t for i, t in told.items() if i in wanted} == wanted
    assert len(wanted) > 3
    assert told[open_one][2] == "resolved"
    assert {bodies[0]["action"] for bodies in receiver.bodies.values()} == {"create", "update", "close"}
    assert max(receiver.had.values()) > 1  # answers were lost, and the keys told
    ((events, distinct),) = query(tmp_path, "select count(*), count(distinct event_id) from events")
    ((records,),) = query(tmp_path, "select sum(new) from sources")
    assert (events, distinct) == (records, records)
    assert query(tmp_path, "select count(*) from deliveries where state <> 'delivered'") == [(0,)]


def follow(receiver: Receiver) -> dict[str, tuple[int, str, str]]:
    """What a receiver that drops known keys knows in the end; each incident was created, then updated, then closed, in order."""
    known: dict[str, tuple[int, str, str]] = {}
    for key, bodies in receiver.bodies.items():
        assert all(body == bodies[0] for body in bodies), key
        row = bodies[0]
        before = known.get(row["incident_id"])
        closed = row["status"] in ("resolved", "suppressed") or row["merged_into"]
        assert row["action"] == ("create" if before is None else "close" if closed else "update"), key
        assert before is None or before[0] < row["revision"], key
        known[row["incident_id"]] = (row["revision"], row["severity"], row["status"])
    return known


def test_an_empty_night_is_told_and_what_waits_is_still_delivered(
    month: dict[date, list[Path]], nightly: Nightly, receiver: Receiver, tmp_path: Path
) -> None:
    first = [path for day in sorted(month)[:4] for path in month[day]]
    low = {"siem": {"format": "lines", "url": receiver.url, "min_severity": "low", "timeout_seconds": 0.5, "attempts": 2}}
    receiver.mood = lambda n: "unavailable"
    night = nightly(*first, sinks=low)
    assert (night.code, night.waiting["siem"] > 0) == (Exit.DELIVERY_INCOMPLETE, True)
    receiver.mood = lambda n: "accept"
    again = nightly(*first, sinks=low)  # something was left to do: no empty night
    assert (again.code, again.resumed, again.waiting) == (Exit.DONE, True, {"siem": 0})
    empty = nightly(*first, sinks=low)
    assert (empty.code, empty.new, empty.scans) == (Exit.UNUSABLE_INPUT, 0, [])
    assert "empty night" in empty.troubles[0].message
    gone = nightly(tmp_path / "nowhere")
    assert gone.code == Exit.UNUSABLE_INPUT
    assert "no file matches" in gone.troubles[0].message


def test_a_sink_that_is_wrong_keeps_nothing_from_the_others(month: dict[date, list[Path]], nightly: Nightly, tmp_path: Path) -> None:
    sinks = {
        "bad": {"format": "lines", "url": "https://siem.example/", "token_env": "NOT_SET_ANYWHERE"},
        "none": {"format": "no_such", "url": str(tmp_path / "x")},
        "good": {"format": "lines", "url": f"{tmp_path}/spool/"},
        "words": {"format": "lines", "url": str(tmp_path / "lines.ndjson"), "redaction": "minimal", "min_severity": "low"},
    }
    logs = [path for day in sorted(month)[:4] for path in month[day]]
    night = nightly(*logs, sinks=sinks, fail_on="informational")
    assert night.code == Exit.USAGE
    assert [t.stage for t in night.troubles] == ["delivery to bad", "delivery to none", "scan"]
    assert "NOT_SET_ANYWHERE" in night.troubles[0].message
    assert night.deliveries["good"].delivered == len(list((tmp_path / "spool").iterdir())) > 0
    assert night.waiting["bad"] > 0
    rows = [json.loads(text) for text in (tmp_path / "lines.ndjson").read_text().splitlines()]
    assert {row["severity"] for row in rows} <= {"low", "medium", "high", "critical"}
    assert all(row["clients"] == [] for row in rows)


def test_record_and_metrics(month: dict[date, list[Path]], nightly: Nightly, tmp_path: Path, receiver: Receiver) -> None:
    files = {"record_file": str(tmp_path / "night.json"), "metrics_file": str(tmp_path / "night.prom")}
    night = nightly(*month[START], nightly=files | {"otlp_endpoint": "http://127.0.0.1:1/v1/metrics"})  # where nobody is
    assert [t.stage for t in night.troubles] == ["telemetry"]
    record = json.loads((tmp_path / "night.json").read_text())
    assert (record["exit_code"], record["new"], record["scanned_dates"]) == (4, night.new, [str(START)])
    assert json.loads(query(tmp_path, "select record from runs")[0][0]) == record
    text = (tmp_path / "night.prom").read_text()
    assert f"forensics_nightly_new_events {night.new}.0\n" in text
    assert 'forensics_nightly_waiting{sink="siem"} 0.0\n' in text
    assert all(line.startswith(("# HELP ", "# TYPE ", "forensics_nightly_")) for line in text.splitlines())
    gone = nightly(*month[START], nightly={"record_file": str(tmp_path / "no" / "such" / "folder" / "x")})
    assert Exit.USAGE in {t.code for t in gone.troubles}


def test_a_collector_gets_the_same_numbers() -> None:
    night = Night(1, datetime(2026, 3, 2, tzinfo=UTC), "0.1", new=7, waiting={"siem": 3})
    got: list[bytes] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        assert telemetry.send(night, f"http://127.0.0.1:{server.server_address[1]}/v1/metrics")
        thread.join()
    body = gzip.decompress(got[0]) if got[0][:2] == b"\x1f\x8b" else got[0]
    (resource,) = ExportMetricsServiceRequest.FromString(body).resource_metrics
    points = {m.name: [p.as_double for p in m.gauge.data_points] for m in resource.scope_metrics[0].metrics}
    assert (points["forensics.nightly.new_events"], points["forensics.nightly.waiting"]) == ([7.0], [3.0])


def test_another_run_holds_the_lock(month: dict[date, list[Path]], nightly: Nightly, tmp_path: Path) -> None:
    with Store.open(tmp_path / "store", create=True).writing(), pytest.raises(LockedError):
        nightly(*month[START])


def test_dates_that_are_scanned_together() -> None:
    def day(n: int) -> date:
        return START + timedelta(days=n)

    assert together([], 3) == []
    assert together([day(9), day(0), day(1), day(5)], 3) == [(day(0), day(9))]
    assert together([day(0), day(6)], 3) == [(day(0), day(0)), (day(6), day(6))]
    assert missing({day(0), day(1), day(3), day(9)}, 7) == (day(2), day(4), day(5), day(6), day(7), day(8))
    assert missing({day(9)}, 7) == missing(set(), 7) == ()


def test_the_gravest_trouble_is_the_exit_code() -> None:
    from forensics.model.errors import ForensicsError

    night = Night(1, datetime(2026, 3, 2, tzinfo=UTC), "0")
    for code in (Exit.FAIL_ON_MET, Exit.DELIVERY_INCOMPLETE, Exit.UNUSABLE_INPUT, Exit.USAGE, Exit.INTERNAL, Exit.LOCKED):
        error = ForensicsError("x")
        error.exit_code = code
        night.trouble("stage", error)
        assert night.code == code
    assert "forensics_nightly_exit_code 75.0" in prometheus(night)
