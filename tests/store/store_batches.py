"""Batches of made-up calls; as a program, a writer for the fault tests to kill: ``python store_batches.py STORE [GRACE]``."""

import hashlib
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from forensics.model.event import arrow_schema, schema_of
from forensics.model.lineage import NODES
from forensics.model.scan import Scan
from forensics.store import CallBatch, Store

START = datetime(2026, 3, 2, 6, tzinfo=UTC)
EVENTS_PER_COMMIT, ITEMS_PER_COMMIT = 100, 250


@dataclass(frozen=True)
class Call:
    """One call; ``native`` makes its id, ``content`` its record hash."""

    native: str
    content: str = ""
    ts: datetime = START
    client: str = "user:ada"
    items: int = 1
    vectors: int = 0
    uri: str = "a.jsonl"
    mark: str = ""


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def event_id(native: str) -> str:
    return sha256(f"test {native}")[:32]


def renamed(call: Call) -> str:
    return sha256(event_id(call.native) + sha256(f"record {call.native} {call.content}"))[:32]


def batch(calls: list[Call], key_id: str = "key-1", sketch_version: int = 1) -> CallBatch:
    rows: dict[str, list[dict[str, object]]] = {"events": [], "items": [], "vectors": []}
    for number, call in enumerate(calls):
        shared = {"call_no": number, "event_id": event_id(call.native), "ts": call.ts, "client_id": call.client, "model": "m"}
        record = sha256(f"record {call.native} {call.content}")
        rows["events"].append(
            shared
            | {"record_sha256": record, "source_uri": call.uri, "source_row": number + 1, "n_items": call.items, "endpoint": call.mark}
        )
        rows["items"] += [shared | {"idx": i, "modality": "text", "exact_hash": f"{record[:30]}{i:02d}"} for i in range(call.items)]
        rows["vectors"] += [shared | {"idx": i, "vector": [float(i), 0.5]} for i in range(call.vectors)]
    tables = {
        name: pa.Table.from_pylist(found, schema=arrow_schema(name).insert(0, pa.field("call_no", pa.int64())))
        for name, found in rows.items()
    }
    return CallBatch(**tables, key_id=key_id, sketch_version=sketch_version)


def nth_batch(number: int) -> CallBatch:
    """100 events with 250 items and 10 vectors, over three dates and some buckets; marked with its number."""
    return batch(
        [
            Call(
                native=f"{number}-{i}",
                ts=START + timedelta(days=i % 3, milliseconds=number * 1000 + i),
                client=f"user:{i % 6}",
                items=2 + i % 2,
                vectors=1 if i % 10 == 0 else 0,
                mark=str(number),
            )
            for i in range(EVENTS_PER_COMMIT)
        ]
    )


def nodes(mark: int, *hours: int, start: datetime = START) -> pa.Table:
    """A node for each of the hours after ``start``, marked in `place`."""
    shared = {"model": "m", "modality": "text", "shape": 0, "place": mark, "client_id": "user:ada", "idx": 0}
    rows = [shared | {"node": 1000 * mark + h, "event_id": event_id(str(h)), "ts": start + timedelta(hours=h)} for h in hours]
    return pa.Table.from_pylist(rows, schema=schema_of(NODES))


def saved(table: pa.Table, path: Path) -> list[Path]:
    """As files of one table of a forest."""
    pq.write_table(table, path)
    return [path]


def scan(scan_id: str = "s1", data_commit: int = 1, start: datetime = START, hours: int = 24) -> Scan:
    return Scan(
        scan_id=scan_id,
        window_start=start,
        window_end=start + timedelta(hours=hours),
        engine="local",
        data_commit=data_commit,
        config_sha256="c",
        rules_sha256="r",
        key_ids=("key-1",),
        features=("volume",),
        events=1,
        items=1,
        clients=1,
        findings=0,
        incidents=0,
        new_incidents=0,
        skipped=(),
        tool_version="0",
    )


def write_until_killed(path: str, grace_seconds: float) -> None:
    store = Store.open(path, create=True, grace_seconds=grace_seconds)
    with store.reader() as connection:
        number = int(connection.sql("SELECT count(DISTINCT endpoint) FROM events").fetchall()[0][0])
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        with store.writing():
            store.append(nth_batch(number))
            number += 1
            if number % 3 == 0:
                with store.scratch() as folder:
                    forest = {"nodes": saved(nodes(number, *range(24)), folder / "nodes.parquet")}
                    store.publish_scan(scan(str(number)), {"findings": pa.table({"number": [number] * 50})}, forest)
            if number % 5 == 0:
                store.compact(min_parts=4)
            if number % 2 == 0:
                store.publish_catalog()


if __name__ == "__main__":
    write_until_killed(sys.argv[1], float(sys.argv[2]))
