"""What is handed to the store in one commit, and what the store says about it."""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from forensics.model.errors import StoreError
from forensics.model.event import TABLES, arrow_schema
from forensics.model.scan import SourceReport

NEVER_NULL = {
    "events": ("call_no", "event_id", "record_sha256", "source_uri", "ts", "client_id"),
    "items": ("call_no", "idx", "ts", "client_id"),
    "vectors": ("call_no", "idx", "ts", "client_id"),
}


@dataclass(frozen=True, slots=True)
class CallBatch:
    """Calls that were read together.

    Each table has the canonical columns of `forensics.model.event` behind a leading int64 ``call_no``, which is unique per event
    of the batch, grows in the order of reading, and is shared by the event's items and vectors. ``key_id`` names the key of the
    hashes and ``sketch_version`` the sketches, for all rows.
    """

    events: pa.Table
    items: pa.Table
    vectors: pa.Table
    key_id: str
    sketch_version: int

    def tables(self) -> dict[str, pa.Table]:
        """The three tables by name, with exactly the documented columns and types.

        Raises:
            StoreError: a column is missing, out of order, of another type, or null where the store needs a value; a ``call_no``
                is used twice, or by an item without its event.
        """
        tables = {name: _conform(name, getattr(self, name)) for name in TABLES}
        numbers = tables["events"]["call_no"]
        if pc.count_distinct(numbers).as_py() != len(numbers):
            raise StoreError("a call_no stands for two events", where="batch.events", hint="number the calls of a batch once, from 0")
        for name in ("items", "vectors"):
            orphans = pc.sum(pc.invert(pc.is_in(tables[name]["call_no"], value_set=numbers))).as_py() or 0
            if orphans:
                raise StoreError(f"{orphans} rows have a call_no that no event has", where=f"batch.{name}")
        return tables


@dataclass(frozen=True, slots=True)
class SourceCounts:
    """What one commit did with the records of one source. ``conflicts`` are among ``new``; ``items`` are those of new calls."""

    uri: str
    new: int
    duplicates: int
    conflicts: int
    items: int


@dataclass(frozen=True, slots=True)
class AppendResult:
    """The commit; its counts per source uri, sorted; and the reports that went into the ledger, with these counts added."""

    commit_id: int
    counts: tuple[SourceCounts, ...]
    reports: tuple[SourceReport, ...]


@dataclass(frozen=True, slots=True)
class KnownSource:
    """A source that was read whole before. ``source_id`` is the hash of its content."""

    source_id: str
    key_id: str
    format: str
    rejected: int


def _conform(name: str, table: pa.Table) -> pa.Table:
    schema = arrow_schema(name).insert(0, pa.field("call_no", pa.int64()))
    where = f"batch.{name}"
    if table.schema.names != schema.names:
        differing = sorted(set(table.schema.names) ^ set(schema.names)) or "their order"
        raise StoreError(f"the columns are not the canonical ones; differing: {differing}", where=where)
    try:
        table = table.cast(schema)
    except pa.ArrowException as error:
        raise StoreError(f"a column is of the wrong type: {error}", where=where) from error
    for column in NEVER_NULL[name]:
        if table[column].null_count:
            raise StoreError(f"{column} is null in {table[column].null_count} rows, expected a value in each", where=where)
    return table
