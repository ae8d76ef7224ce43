"""What tests of every stage share."""

from pathlib import Path

import pytest
from support import ROOT

from forensics.sketch.key import Key


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def fixtures() -> Path:
    return ROOT / "fixtures"


@pytest.fixture
def key() -> Key:
    return Key("test", bytes(range(32)))


@pytest.fixture(autouse=True)
def own_key_file(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test touches the key of whoever runs it."""
    path = tmp_path_factory.getbasetemp() / "key"
    monkeypatch.setenv("FORENSICS_KEY_FILE", str(path))
    monkeypatch.delenv("FORENSICS_STORE", raising=False)
    return path
