"""Keyed hashes are HMAC-SHA-256, and the key is nobody else's business."""

import hashlib
import hmac
import stat
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forensics.model.errors import UsageError
from forensics.sketch.hashing import install_hashing
from forensics.sketch.key import Key, load_key


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        install_hashing(con, Key("k", b"\x07" * 32))
        yield con


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=300))
def test_keyed_hash_is_hmac_sha256(text: str, connection: duckdb.DuckDBPyConnection) -> None:
    expected = hmac.new(b"\x07" * 32, text.encode(), hashlib.sha256).hexdigest()[:32]
    assert connection.execute("select keyed_hash($1)", [text]).fetchall() == [(expected,)]


def test_codes_keep_equality_and_stay_in_their_range(connection: duckdb.DuckDBPyConnection) -> None:
    codes = connection.execute("select keyed_code(x) from (values ('Graz'), ('Linz'), ('Graz')) t(x)").fetchall()
    assert codes[0] == codes[2] != codes[1]
    assert all(2**52 <= code < 2**53 for (code,) in codes)


def test_key_is_made_once_and_for_the_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "key"
    first = load_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_key(path) == first
    assert first.secret.hex() not in repr(first)
    assert [p.name for p in path.parent.iterdir()] == ["key"]


def test_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    load_key(path)
    path.chmod(0o644)
    with pytest.raises(UsageError, match="others may read the key"):
        load_key(path)


def test_key_file_with_something_else_is_refused_without_showing_it(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.touch(0o600)
    path.write_text("my secret password")
    with pytest.raises(UsageError) as caught:
        load_key(path)
    assert "password" not in str(caught.value)
