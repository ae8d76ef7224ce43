"""state.sqlite: which parts exist, which sources they hold, which scans ran. The only file of the store that changes."""

import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path

from forensics.model.errors import StoreError
from forensics.store.ledger import micros, moment
from forensics.store.parts import Part

NAME = "state.sqlite"
APPLICATION_ID = 0x466F7265  # "Fore": tells our file from another program's state.sqlite

# The statements of each version; a store is brought up to date by the first program that opens it. Never change a released one.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE commits (commit_id INTEGER PRIMARY KEY, kind TEXT NOT NULL, created_at INTEGER NOT NULL) STRICT",
        """CREATE TABLE parts (
            path TEXT PRIMARY KEY,          -- relative to the store
            table_name TEXT NOT NULL,
            date TEXT, bucket INTEGER,      -- null for the results of a scan
            rows INTEGER NOT NULL, min_ts INTEGER, max_ts INTEGER,
            key_id TEXT NOT NULL, sketch_version INTEGER NOT NULL,
            commit_id INTEGER NOT NULL REFERENCES commits,
            retired_at INTEGER              -- microseconds since 1970; null while live
        ) STRICT""",
        "CREATE INDEX live_parts ON parts (table_name, date, bucket) WHERE retired_at IS NULL",
        """CREATE TABLE sources (
            source_key TEXT NOT NULL, source_id TEXT NOT NULL, key_id TEXT NOT NULL, head_id TEXT NOT NULL, uri TEXT NOT NULL,
            format TEXT NOT NULL, reason TEXT NOT NULL, status TEXT NOT NULL, size INTEGER NOT NULL, records INTEGER NOT NULL,
            new INTEGER NOT NULL, duplicates INTEGER NOT NULL, conflicts INTEGER NOT NULL, mended INTEGER NOT NULL,
            rejected INTEGER NOT NULL, items INTEGER NOT NULL, first_ts INTEGER, last_ts INTEGER,
            fill TEXT NOT NULL, warnings TEXT NOT NULL, commit_id INTEGER NOT NULL REFERENCES commits,
            PRIMARY KEY (source_key, key_id)
        ) STRICT""",
        "CREATE INDEX source_heads ON sources (head_id)",
        """CREATE TABLE rejects (
            uri TEXT NOT NULL, row INTEGER NOT NULL, reason TEXT NOT NULL, record_sha256 TEXT NOT NULL,
            commit_id INTEGER NOT NULL REFERENCES commits,
            UNIQUE (uri, row, record_sha256)
        ) STRICT""",
        "CREATE TABLE scans (commit_id INTEGER PRIMARY KEY REFERENCES commits, created_at INTEGER NOT NULL, record TEXT NOT NULL) STRICT",
        "CREATE TABLE catalog (commit_id INTEGER NOT NULL, path TEXT NOT NULL) STRICT",  # the last one published
    ),
    # Parts may have a date and no bucket from here on: programs that know only version 1 must not touch them.
    ("CREATE INDEX retired_parts ON parts (retired_at) WHERE retired_at IS NOT NULL",),
    (
        # Dates with events that no scan has seen yet; an append widens a row, the scan that covers it takes it away.
        "CREATE TABLE fresh (date TEXT PRIMARY KEY, first_ts INTEGER NOT NULL, last_ts INTEGER NOT NULL) STRICT",
        """INSERT INTO fresh SELECT date, min(min_ts), max(max_ts) FROM parts
           WHERE table_name = 'events' AND retired_at IS NULL AND min_ts IS NOT NULL AND max_ts IS NOT NULL GROUP BY date""",
        """CREATE TABLE revisions (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT,
            key TEXT NOT NULL UNIQUE,       -- by which a receiver knows what it has
            incident_id TEXT NOT NULL, revision INTEGER NOT NULL, severity TEXT NOT NULL, closed INTEGER NOT NULL,
            created_at INTEGER NOT NULL,    -- of the incident; modified_at: of this revision
            modified_at INTEGER NOT NULL,
            record TEXT NOT NULL,           -- the incident as JSON
            commit_id INTEGER NOT NULL REFERENCES commits,
            UNIQUE (incident_id, revision)
        ) STRICT""",
        """CREATE TABLE deliveries (
            sink TEXT NOT NULL, key TEXT NOT NULL REFERENCES revisions (key), action TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'dead')),
            attempts INTEGER NOT NULL, reason TEXT, changed_at INTEGER NOT NULL,
            PRIMARY KEY (sink, key)
        ) STRICT""",
        "CREATE INDEX undelivered ON deliveries (sink, state) WHERE state <> 'delivered'",
        """CREATE TABLE decisions (
            decision_id INTEGER PRIMARY KEY, incident_id TEXT NOT NULL, revision INTEGER NOT NULL,
            status TEXT NOT NULL, verdict TEXT NOT NULL, author TEXT NOT NULL, note TEXT NOT NULL,
            decided_at INTEGER NOT NULL, commit_id INTEGER NOT NULL REFERENCES commits
        ) STRICT""",
        "CREATE TRIGGER decisions_stand BEFORE UPDATE ON decisions BEGIN SELECT raise(ABORT, 'decisions are only added'); END",
        "CREATE TRIGGER decisions_stay BEFORE DELETE ON decisions BEGIN SELECT raise(ABORT, 'decisions are only added'); END",
        # Nightly runs; one without an end was killed, and the next one carries on.
        "CREATE TABLE runs (run_id INTEGER PRIMARY KEY, started_at INTEGER NOT NULL, finished_at INTEGER, record TEXT) STRICT",
    ),
)

# A writer's transaction never makes a reader wait. Replaying the log of a killed writer, and folding it in when the last
# connection closes, shut everybody out for milliseconds; without patience these would be "database is locked".
PATIENCE_SECONDS = 10.0


def now() -> int:
    """The wall clock in microseconds since 1970; for the commit log and grace periods, never for results."""
    return time.time_ns() // 1000


def prepare(root: Path, *, create: bool) -> None:
    """Bring the manifest up to date; make an empty store, or finish making one, if ``create``.

    Raises:
        StoreError: there is none, it is another program's or damaged, or a newer version wrote it. What is there is left alone.
    """
    hint = f"forensics ingest SOURCE --store {root}"
    if not (root / NAME).is_file():
        if root.exists() and (not root.is_dir() or any(root.iterdir())):
            raise StoreError("exists, and is not a store", where=str(root), hint="name an empty directory, or one that does not exist yet")
        if not create:
            raise StoreError("no store here", where=str(root), hint=hint)
        if "?" in str(root):  # DuckDB takes what follows for options of the database
            raise StoreError("the path of a store cannot have a question mark", where=str(root), hint="name another directory")
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        root.chmod(0o700)
        os.close(os.open(root / NAME, os.O_RDWR | os.O_CREAT, 0o600))
    with reading(root) as connection:
        version = _version(connection, root)
    if version == 0 and (root / "parts").exists():
        raise StoreError("the manifest is empty, but there are parts", where=str(root), hint=f"restore {NAME} from a backup")
    if version == 0 and not create:
        raise StoreError("the store is empty", where=str(root), hint=hint)
    if version < len(MIGRATIONS):
        _migrate(root)


def _version(connection: sqlite3.Connection, root: Path) -> int:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if application != APPLICATION_ID and tables:
        raise StoreError("the file is another program's", where=str(root / NAME), hint="name another directory as the store")
    if version > len(MIGRATIONS):
        raise StoreError(
            f"the store has version {version}; this program knows versions up to {len(MIGRATIONS)}",
            where=str(root),
            hint="use the newer forensics that wrote it",
        )
    return int(version)


def _migrate(root: Path) -> None:
    with closing(writer(root)) as connection, _translated(root), transaction(connection):
        for number in range(_version(connection, root), len(MIGRATIONS)):
            for statement in MIGRATIONS[number]:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


def writer(root: Path) -> sqlite3.Connection:
    """A connection that may write; every commit is on the disk when it returns."""
    with _translated(root):
        connection = sqlite3.connect(root / NAME, timeout=PATIENCE_SECONDS, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
        except sqlite3.Error:
            connection.close()
            raise
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of it or nothing.

    Raises:
        StoreError: the manifest cannot be written; nothing was.
    """
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("COMMIT")
    except BaseException as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        if isinstance(error, sqlite3.Error):
            raise StoreError(f"the manifest cannot be written: {error}", where=NAME, hint="is the disk full or read-only?") from error
        raise


@contextmanager
def reading(root: Path) -> Iterator[sqlite3.Connection]:
    """A read-only connection in one transaction: everything read through it is of one moment."""
    with _translated(root), closing(_open_read_only(root / NAME)) as connection:
        yield connection


def _open_read_only(path: Path) -> sqlite3.Connection:
    try:
        return _begin(path, "mode=ro")
    except sqlite3.OperationalError:
        # SQLite wants to create its shared memory beside the file. On a read-only disk it cannot; nobody writes there either.
        if os.access(path.parent, os.W_OK) or path.with_name(f"{NAME}-wal").exists():
            raise
        return _begin(path, "mode=ro&immutable=1")


def _begin(path: Path, options: str) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?{options}", uri=True, timeout=PATIENCE_SECONDS, isolation_level=None)
    try:
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


@contextmanager
def _translated(root: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise StoreError(f"the manifest cannot be used: {error}", where=str(root / NAME), hint="restore it from a backup") from error


def last_commit(connection: sqlite3.Connection) -> int:
    """Number of the last commit; 0 in an empty store."""
    (commit_id,) = connection.execute("SELECT coalesce(max(commit_id), 0) FROM commits").fetchone()
    return int(commit_id)


def add_commit(connection: sqlite3.Connection, commit_id: int, kind: str) -> int:
    """Log a commit; returns its time."""
    created_at = now()
    connection.execute("INSERT INTO commits VALUES (?, ?, ?)", (commit_id, kind, created_at))
    return created_at


def add_parts(connection: sqlite3.Connection, root: Path, parts: Iterable[Part], commit_id: int) -> None:
    """Parts come to exist."""
    rows = (
        (
            p.path.relative_to(root).as_posix(),
            p.table,
            p.date.isoformat() if p.date else None,
            p.bucket,
            p.rows,
            micros(p.min_ts),
            micros(p.max_ts),
            p.key_id,
            p.sketch_version,
            commit_id,
        )
        for p in parts
    )
    connection.executemany("INSERT INTO parts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)", rows)


def retire_parts(connection: sqlite3.Connection, root: Path, parts: Iterable[Part]) -> None:
    """Parts cease to exist; their files stay for those who are reading them."""
    retired_at = now()
    paths = ((retired_at, p.path.relative_to(root).as_posix()) for p in parts)
    connection.executemany("UPDATE parts SET retired_at = ? WHERE path = ?", paths)


def forget_retired(connection: sqlite3.Connection, grace_seconds: float) -> set[str]:
    """Drop the entries of parts retired longer ago than the grace period; returns the paths of all the others."""
    with transaction(connection):
        connection.execute("DELETE FROM parts WHERE retired_at <= ?", (now() - int(grace_seconds * 1_000_000),))
        return {path for (path,) in connection.execute("SELECT path FROM parts")}


def live_parts(connection: sqlite3.Connection, root: Path) -> tuple[Part, ...]:
    """Live parts by table, date, bucket and age."""
    rows = connection.execute(
        "SELECT table_name, date, bucket, path, rows, min_ts, max_ts, key_id, sketch_version FROM parts WHERE retired_at IS NULL "
        "ORDER BY table_name, date, bucket, commit_id"
    )
    return tuple(
        Part(table, date.fromisoformat(day) if day else None, bucket, root / path, n, moment(first), moment(last), key_id, version)
        for table, day, bucket, path, n, first, last, key_id, version in rows
    )
