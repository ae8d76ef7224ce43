"""Keyed hashes inside DuckDB, so that text is hashed where it is parsed and never becomes a Python object."""

import duckdb

from forensics.sketch.key import Key

_BLOCK = 64  # bytes of a SHA-256 block

_MACROS = """
create or replace temp macro keyed_hash(value) as
  left(sha256(getvariable('hmac_outer') || unhex(sha256(getvariable('hmac_inner') || encode(value)))), 32);
create or replace temp macro keyed_code(value) as
  (4503599627370496 + ('0x' || left(keyed_hash(value), 13))::ubigint)::double;
"""


def install_hashing(connection: duckdb.DuckDBPyConnection, key: Key) -> None:
    """Define in ``connection``:

    ``keyed_hash(varchar)``: HMAC-SHA-256 (RFC 2104) under ``key``, its first 128 bits as 32 hex digits;
    ``keyed_code(varchar)``: a whole double in [2^52, 2^53) that keeps equality and nothing else.

    The key's pads travel as session variables, so they stand in no SQL text and in no error message.
    """
    padded = key.secret.ljust(_BLOCK, b"\0")
    connection.execute("set variable hmac_inner = $1", [bytes(b ^ 0x36 for b in padded)])
    connection.execute("set variable hmac_outer = $1", [bytes(b ^ 0x5C for b in padded)])
    connection.execute(_MACROS)
