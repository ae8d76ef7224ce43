"""Each export format against its fixture: the revisions of outgoing.py in, fixtures/export/<format>/expected.* out, whole bytes.

A new format needs a folder of its name, not a new test. FORENSICS_UPDATE_FIXTURES=1 rewrites what is expected; read the difference
before you commit it.
"""

import io
import json
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from outgoing import OUTGOING
from support import ROOT

from forensics.export.document import VERSION
from forensics.export.interface import ExportFormat
from forensics.export.plugins import formats

EXPECTED = ROOT / "fixtures" / "export"
FORMATS = {f.name: f for f in formats()}


def readable(fmt: ExportFormat, body: bytes) -> bytes:
    """What is written to a file; of Parquet, whose bytes change with its library, the rows."""
    if fmt.suffix != ".parquet":
        return body.replace(VERSION.encode(), b"VERSION")
    return json.dumps(pq.read_table(io.BytesIO(body)).to_pylist(), indent=1, default=str).encode()


@pytest.mark.parametrize("name", FORMATS)
def test_format(name: str) -> None:
    fmt = FORMATS[name]
    found = readable(fmt, b"\n".join(message.body for message in fmt.render(OUTGOING))) + b"\n"
    path = EXPECTED / name / f"expected{'.json' if fmt.suffix == '.parquet' else fmt.suffix}"
    if os.environ.get("FORENSICS_UPDATE_FIXTURES"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(found)
    assert found == path.read_bytes()


def test_every_format_has_a_fixture() -> None:
    assert sorted(p.name for p in EXPECTED.iterdir()) == sorted(FORMATS)


def test_names_are_those_that_were_agreed() -> None:
    agreed = "ocsf ecs elastic-bulk splunk-hec sentinel udm cef leef syslog stix sarif timesketch thehive webhook slack teams csv ndjson"
    assert set(FORMATS) == {*agreed.split(), "parquet", "markdown"}


@pytest.mark.parametrize("name", FORMATS)
def test_a_module_is_called_as_its_format(name: str) -> None:
    assert (Path(ROOT) / "forensics" / "export" / "formats" / f"{name.replace('-', '_')}.py").exists()


@pytest.mark.parametrize("name", FORMATS)
def test_every_revision_is_in_one_message_in_order(name: str) -> None:
    fmt = FORMATS[name]
    keys = [key for message in fmt.render(OUTGOING) for key in message.keys]
    assert keys == [out.key for out in OUTGOING]
    assert len(list(fmt.render(()))) == (1 if fmt.whole else 0)


@pytest.mark.parametrize("name", FORMATS)
def test_rendering_again_gives_the_same_bytes(name: str) -> None:
    """In a process with another seed of hashes and another time zone as well."""
    code = f"""
import sys; sys.path.insert(0, {str(ROOT / "tests" / "export")!r}); sys.path.insert(0, {str(ROOT / "tests")!r})
from hashlib import sha256
from outgoing import OUTGOING
from forensics.export.plugins import formats
for f in formats():
    print(f.name, sha256(b"".join(m.body for m in f.render(OUTGOING))).hexdigest())
"""
    other = _other_process(code)
    assert other[name] == sha256(b"".join(m.body for m in FORMATS[name].render(OUTGOING))).hexdigest()


_RAN: dict[str, dict[str, str]] = {}


def _other_process(code: str) -> dict[str, str]:
    if code not in _RAN:
        environment = os.environ | {"PYTHONHASHSEED": "7", "TZ": "Asia/Kathmandu"}
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
        _RAN[code] = dict(line.split() for line in done.stdout.splitlines())
    return _RAN[code]
