"""Incident revisions on their way out: what there is, what each sink has had, and what it refused.

A revision is recorded in the transaction that publishes it, so a kill loses none. Which sinks it goes to is derived from the
configuration of the moment, and kept from then on.
"""

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final, Literal

import pyarrow as pa

from forensics.model.finding import Evidence, Finding
from forensics.model.incident import Incident
from forensics.store import manifest
from forensics.store.ledger import TIME, after, arrow, micros

Action = Literal["create", "update", "close"]

DELIVERIES: Final = pa.schema(
    [
        ("sink", pa.string()),
        ("incident_id", pa.string()),
        ("revision", pa.int64()),
        ("key", pa.string()),
        ("action", pa.string()),
        ("state", pa.string()),
        ("attempts", pa.int64()),
        ("reason", pa.string()),
        ("changed_at", TIME),
    ]
)
DECISIONS: Final = pa.schema(
    [
        ("decision_id", pa.int64()),
        ("incident_id", pa.string()),
        ("revision", pa.int64()),
        ("status", pa.string()),
        ("verdict", pa.string()),
        ("author", pa.string()),
        ("note", pa.string()),
        ("decided_at", TIME),
    ]
)


@dataclass(frozen=True, slots=True)
class Revision:
    """A recorded revision; ``action`` is what it is to the sink that it waits for."""

    key: str
    action: Action
    incident: Incident
    created_at: datetime
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class Decision:
    """What an analyst decided of an incident; never changed, never removed."""

    incident_id: str
    revision: int
    status: str
    verdict: str
    author: str
    note: str


def key_of(incident_id: str, revision: int) -> str:
    """The idempotency key: of this revision, whatever sink it goes to and however often."""
    return f"{incident_id}-r{revision}"


def record(connection: sqlite3.Connection, incidents: Iterable[Incident], commit_id: int, at: int) -> None:
    """Keep the revisions that are new. The caller's transaction is the one that publishes them."""
    known: dict[str, tuple[int, int]] = {
        incident_id: (revision, created)
        for incident_id, revision, created in connection.execute(
            "SELECT incident_id, max(revision), min(created_at) FROM revisions GROUP BY incident_id"
        )
    }
    for incident in incidents:
        last, created_at = known.get(incident.incident_id, (0, at))
        if incident.revision > last:
            connection.execute(
                "INSERT INTO revisions (key, incident_id, revision, severity, closed, created_at, modified_at, record, commit_id) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    key_of(incident.incident_id, incident.revision),
                    incident.incident_id,
                    incident.revision,
                    incident.severity,
                    incident.closed,
                    created_at,
                    at,
                    json.dumps(asdict(incident), default=datetime.isoformat, sort_keys=True),
                    commit_id,
                ),
            )


def latest(connection: sqlite3.Connection) -> dict[str, Revision]:
    """The last revision of every incident, by incident id. ``action`` is create for the first revision, close, or else update."""
    rows = connection.execute(
        "SELECT key, CASE WHEN closed THEN 'close' WHEN revision = 1 THEN 'create' ELSE 'update' END, record, created_at, modified_at "
        "FROM revisions JOIN (SELECT max(sequence) AS sequence FROM revisions GROUP BY incident_id) USING (sequence)"
    )
    found = [_revision(*row) for row in rows]
    return {r.incident.incident_id: r for r in found}


def decide(connection: sqlite3.Connection, decision: Decision, commit_id: int, at: int) -> None:
    """Add a decision."""
    connection.execute(
        "INSERT INTO decisions (incident_id, revision, status, verdict, author, note, decided_at, commit_id) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (decision.incident_id, decision.revision, decision.status, decision.verdict, decision.author, decision.note, at, commit_id),
    )


class Outbox:
    """What one sink is owed. Needs the store's lock, whose connection it is given."""

    def __init__(self, connection: sqlite3.Connection, sink: str) -> None:
        self._connection = connection
        self._sink = sink

    def queue(self, severities: Collection[str], since: datetime | None = None) -> None:
        """Let wait what the sink is to have and was never given: revisions made since then and of these severities, and every later
        revision of an incident that it has heard of, so that it learns of a close too. Doing it again adds nothing."""
        with manifest.transaction(self._connection):
            self._queue(severities, since)

    def preview(self, severities: Collection[str], since: datetime | None = None) -> tuple[Revision, ...]:
        """All that would wait after `queue`, in order; nothing is changed."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            self._queue(severities, since)
            return self._waiting("", -1)
        finally:
            self._connection.execute("ROLLBACK")

    def _queue(self, severities: Collection[str], since: datetime | None) -> None:
        had: dict[str, tuple[int, bool]] = {}  # incident: (last sequence queued, whether any of it was or may yet be accepted)
        for incident_id, sequence, alive in self._connection.execute(
            "SELECT incident_id, max(sequence), max(state <> 'dead') FROM deliveries JOIN revisions USING (key) "
            "WHERE sink = ? GROUP BY incident_id",
            (self._sink,),
        ):
            had[incident_id] = (sequence, bool(alive))
        begin, at = micros(since) or 0, manifest.now()
        rows = self._connection.execute(
            "SELECT sequence, key, incident_id, severity, closed, modified_at FROM revisions ORDER BY sequence"
        ).fetchall()
        for sequence, key, incident_id, severity, closed, modified_at in rows:
            last, alive = had.get(incident_id, (0, False))
            heard = incident_id in had
            wanted = heard or (severity in severities and modified_at >= begin and not closed)
            if sequence > last and wanted:
                action: Action = "close" if closed else "update" if alive else "create"
                self._connection.execute("INSERT INTO deliveries VALUES (?, ?, ?, 'waiting', 0, NULL, ?)", (self._sink, key, action, at))
                had[incident_id] = (sequence, True)

    def waiting(self, limit: int) -> tuple[Revision, ...]:
        """The first revision that waits of each incident, so that no later one can overtake it; what was tried least comes first."""
        first = "JOIN (SELECT min(sequence) AS sequence FROM deliveries JOIN revisions USING (key) "
        first += "WHERE sink = :sink AND state = 'waiting' GROUP BY incident_id) USING (sequence)"
        return self._waiting(first, limit)

    def _waiting(self, only: str, limit: int) -> tuple[Revision, ...]:
        rows = self._connection.execute(
            f"SELECT key, action, record, created_at, modified_at FROM deliveries JOIN revisions USING (key) {only} "
            "WHERE sink = :sink AND state = 'waiting' ORDER BY attempts, sequence LIMIT :limit",
            {"sink": self._sink, "limit": limit},
        )
        return tuple(_revision(*row) for row in rows)

    def settle(self, delivered: Sequence[str], retry: Mapping[str, str], refused: Mapping[str, str]) -> None:
        """Keep what became of keys: delivered; to be tried again, with the reason; or dead, with the reason."""
        at = manifest.now()
        outcomes: list[tuple[str, str | None, str]] = [("delivered", None, key) for key in delivered]
        outcomes += [("waiting", reason, key) for key, reason in retry.items()] + [("dead", reason, key) for key, reason in refused.items()]
        with manifest.transaction(self._connection):
            self._connection.executemany(
                "UPDATE deliveries SET state = ?, reason = ?, attempts = attempts + 1, changed_at = ? "
                "WHERE sink = ? AND key = ? AND state = 'waiting'",
                [(state, reason, at, self._sink, key) for state, reason, key in outcomes],
            )

    def revive(self) -> int:
        """Let dead letters wait again; returns how many."""
        with manifest.transaction(self._connection):
            return self._connection.execute(
                "UPDATE deliveries SET state = 'waiting', attempts = 0, changed_at = ? WHERE sink = ? AND state = 'dead'",
                (manifest.now(), self._sink),
            ).rowcount


def counts(connection: sqlite3.Connection) -> dict[str, dict[str, int]]:
    """Revisions by sink and state."""
    found: dict[str, dict[str, int]] = {}
    for sink, state, n in connection.execute("SELECT sink, state, count(*) FROM deliveries GROUP BY 1, 2 ORDER BY 1, 2"):
        found.setdefault(sink, {})[state] = n
    return found


def tables(connection: sqlite3.Connection) -> dict[str, pa.Table]:
    """`deliveries` and `decisions` as Arrow tables, in order."""
    deliveries = connection.execute(
        "SELECT sink, incident_id, revision, key, action, state, attempts, reason, changed_at "
        "FROM deliveries JOIN revisions USING (key) ORDER BY sink, sequence"
    )
    decisions = connection.execute(f"SELECT {', '.join(DECISIONS.names)} FROM decisions ORDER BY decision_id")
    return {"deliveries": arrow(DELIVERIES, deliveries.fetchall()), "decisions": arrow(DECISIONS, decisions.fetchall())}


def _revision(key: str, action: Action, record: str, created_at: int, modified_at: int) -> Revision:
    return Revision(key, action, _incident(json.loads(record)), after(created_at), after(modified_at))


def _incident(row: dict[str, Any]) -> Incident:
    findings = tuple(_finding(finding) for finding in row["findings"])
    return Incident(**_typed(row, ("first_seen", "last_seen")) | {"findings": findings})


def _finding(row: dict[str, Any]) -> Finding:
    evidence = tuple(Evidence(**_typed(item, ())) for item in row["evidence"])
    return Finding(**_typed(row, ("window_start", "window_end", "first_seen", "last_seen")) | {"evidence": evidence})


def _typed(row: dict[str, Any], times: Collection[str]) -> dict[str, Any]:
    whole = {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}
    return whole | {name: datetime.fromisoformat(row[name]) for name in times}
