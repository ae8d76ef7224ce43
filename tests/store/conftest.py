from collections.abc import Callable
from pathlib import Path

import pytest

from forensics.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "store", create=True)


@pytest.fixture
def rows(store: Store) -> Callable[[str], list[tuple[object, ...]]]:
    """Run SQL on a fresh reader of the store."""

    def fetch(sql: str) -> list[tuple[object, ...]]:
        with store.reader() as connection:
            return connection.sql(sql).fetchall()

    return fetch
