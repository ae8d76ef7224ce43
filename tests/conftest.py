"""What tests of every stage share."""

import os
from pathlib import Path

import pytest

from forensics.sketch.key import Key

ROOT = Path(__file__).parents[1]
CORPUS = ROOT.parent / "shared" / "corpus"


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


def corpus(half: str) -> Path:
    """A part of the development corpus, or a skip with the reason."""
    path = CORPUS / half
    if not path.exists():
        pytest.skip(f"the development corpus does not lie beside the checkout ({path.relative_to(ROOT.parent)})")
    return path


def soaking() -> bool:
    return bool(os.environ.get("FORENSICS_SOAK"))
