"""A feature, a rule, a log format and an export format are one new file each, as the documentation tells: nothing else is touched."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FORMAT = '''
"""A gateway that nobody has heard of."""

from forensics.ingest.interface import LogFormat

FORMAT = LogFormat(
    name="acme",
    title="Acme gateway",
    marks={"acme_version": None, "when": None},
    shape={"acme_version": "VARCHAR", "when": "VARCHAR", "who": "VARCHAR", "from": "VARCHAR", "model": "VARCHAR", "ask": "JSON"},
    columns={"ts": "timestamp_of(r.when)", "user_id": "r.who", "client_ip": "r.\\"from\\"", "model": "r.model", "request": "r.ask"},
)
'''

RULE = """
title: Client calls from many addresses
id: 5f0a0f0c-6a43-4d6e-9c39-0a8a2f1f7f11
status: experimental
description: One account, used from many addresses at once.
tags: [atlas.aml.t0040]
logsource: {product: model_api}
level: low
confidence: 0.3
version: 1
detection:
  many: {addresses.addresses|gte: 5}
  condition: many
falsepositives: [Mobile clients]
triage: [Look the account up]
tests:
  - {name: many, values: {addresses.addresses: 9}, fires: true}
  - {name: one, values: {addresses.addresses: 1}, fires: false}
"""


EXPORT = '''
"""A line for people in a hurry."""

from forensics.export.interface import Field, Outgoing
from forensics.export.shapes import Each
from forensics.export.text import one_line


def _line(out: Outgoing) -> bytes:
    return f"{out.incident.incident_id} {one_line(out.incident.title, 200)}".encode()


FORMAT = Each("hurry", "text/plain", ".txt", (Field("line", "incident_id, title"),), _line)
'''


@pytest.fixture
def copy(root: Path, tmp_path: Path) -> Path:
    """A copy of package and rules, to which files may be added."""
    for name in ("forensics", "rules", "fixtures", "docs"):
        shutil.copytree(root / name, tmp_path / "copy" / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "copy"


def forensics(copy: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "forensics", *arguments]
    done = subprocess.run(command, cwd=copy, env=os.environ | {"PYTHONPATH": str(copy)}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_feature_rule_and_format(copy: Path, tmp_path: Path) -> None:
    # The feature is the one of docs/architecture.md, word by word.
    page = (copy / "docs" / "architecture.md").read_text()
    block = re.search(r"\n((?: {4}.*\n|\n)*? {4}/\*\n(?: {4}.*\n|\n)*? {4}select .*\n)", page)
    assert block
    feature = re.sub(r"^ {4}", "", block[1], flags=re.MULTILINE)
    (copy / "forensics" / "features" / "client" / "addresses.sql").write_text(feature.lstrip())
    (copy / "forensics" / "ingest" / "formats" / "acme.py").write_text(FORMAT.lstrip())
    (copy / "rules" / "aml.t0040" / "many_addresses.yml").write_text(RULE.lstrip())

    assert forensics(copy, "rules", "validate") == f"{len(list((copy / 'rules').rglob('*.yml')))} rules are valid, 0 problems\n"
    assert forensics(copy, "rules", "test").endswith(", 0 failed\n")
    assert "acme" in forensics(copy, "formats", "list")
    rows = [
        {"acme_version": 1, "when": 1767225600 + n, "who": "zoe", "from": f"192.0.2.{n}", "model": "m", "ask": {"prompt": str(n)}}
        for n in range(6)
    ]
    (tmp_path / "acme.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    store = ("--store", str(tmp_path / "store"))
    (report,) = json.loads(forensics(copy, "ingest", str(tmp_path / "acme.jsonl"), "--json", *store))
    assert (report["format"], report["new"], report["items"]) == ("acme", 6, 6)
    forensics(copy, "scan", *store)
    (incident,) = json.loads(forensics(copy, "incidents", "list", "--format", "json", *store))
    assert (incident["clients"], incident["techniques"]) == (["user:zoe"], ["AML.T0040"])
    features = json.loads(forensics(copy, "query", "select * from features_addresses", "--format", "json", *store))
    assert features == [{"client_id": "user:zoe", "model": "m", "addresses": 6}]


def test_export_format(copy: Path) -> None:
    (copy / "forensics" / "export" / "formats" / "hurry.py").write_text(EXPORT.lstrip())
    code = "from forensics.export.plugins import formats; print([f.suffix for f in formats() if f.name == 'hurry'])"
    environment = os.environ | {"PYTHONPATH": str(copy)}
    done = subprocess.run([sys.executable, "-c", code], cwd=copy, env=environment, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("['.txt']\n", "")
