"""forensics query"""

from typing import Annotated

import typer

from forensics.cli import output
from forensics.cli.options import FormatOption, StoreOption, open_store
from forensics.model.errors import UsageError

COLUMNS = 'forensics query "show tables" and "describe TABLE" say what there is; forensics scan makes most of it'


def query(
    sql: Annotated[str, typer.Argument(metavar="SQL", help="One SELECT in DuckDB's dialect.")],
    store: StoreOption = None,
    format: FormatOption = "table",
) -> None:
    """Ask the store: events, items, vectors, nodes, lineages, incidents, findings, evidence, features_*, sources, rejects, scans.

    Read-only, and locked down: it can reach the store and nothing else. Examples:

      forensics query "select client_id, count(*) as n from events group by all order by n desc limit 10"

      forensics query "select * from lineages order by clients desc, queries desc limit 10"

      forensics query "describe nodes"
    """
    import signal

    import duckdb

    signal.signal(signal.SIGINT, signal.SIG_DFL)  # DuckDB does not look for Ctrl-C while it works; nothing here needs tidying
    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error as error:
        raise UsageError(f"not valid SQL: {error}", hint=COLUMNS) from error
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise UsageError("expected one SELECT", hint="the store is read-only; forensics ingest and scan write it")
    with open_store(store).reader(locked_down=True) as connection:
        try:
            result = connection.sql(sql).to_arrow_table()
        except duckdb.Error as error:
            raise UsageError(str(error), hint=COLUMNS) from error
    output.emit(result, format)
