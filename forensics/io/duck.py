"""A DuckDB connection of one's own, bounded, that spills only where it may."""

import duckdb


def connect(*, threads: int = 0, memory_limit: str = "", spill: str = "") -> duckdb.DuckDBPyConnection:
    """In memory, in UTC. ``spill``: the directory for what does not fit into memory; nowhere if empty, because DuckDB's own choice is
    the working directory, readable by all. ``threads``: 0 for all cores; ``memory_limit``: as DuckDB has it, its default if empty."""
    settings: dict[str, str | bool | int | float | list[str]] = {"temp_directory": spill}
    if threads:
        settings["threads"] = threads
    if memory_limit:
        settings["memory_limit"] = memory_limit
    connection = duckdb.connect(config=settings)
    connection.execute("set TimeZone = 'UTC'")
    return connection
