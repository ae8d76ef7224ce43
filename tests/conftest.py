"""What tests of every stage share."""

import os
from pathlib import Path

import pytest
from hypothesis import settings
from support import ROOT

from forensics.sketch.key import Key

# The same examples on every run, so that a red build can be repeated; `make soak` looks for new ones.
settings.register_profile("fixed", derandomize=True)
settings.register_profile("soak", max_examples=1000)
settings.load_profile("soak" if os.environ.get("FORENSICS_SOAK") else "fixed")

# numba notices a change of the file that a compiled function is in, not of those that it calls. An installation replaces them all.
_sources = list((ROOT / "forensics").rglob("*.py"))
_newest = max(path.stat().st_mtime for path in _sources)
for _compiled in (ROOT / "forensics").rglob("__pycache__/*.nb[ic]"):
    if _compiled.stat().st_mtime < _newest:
        _compiled.unlink(missing_ok=True)


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
    """No test touches the key of whoever runs it. Always the same one: sketches, and so near copies, depend on it a little."""
    path = tmp_path_factory.getbasetemp() / "key"
    path.write_text(bytes(range(32)).hex() + "\n")
    path.chmod(0o600)
    monkeypatch.setenv("FORENSICS_KEY_FILE", str(path))
    monkeypatch.delenv("FORENSICS_STORE", raising=False)
    return path
