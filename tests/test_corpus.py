"""The development corpus, read by the product, counts what its own README says."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support import CORPUS, corpus

SOURCES = {"tabular": ("databricks.parquet", "gateway.jsonl.zst"), "llm": ("litellm.jsonl.zst", "bedrock.jsonl.gz")}
# Raised with every analytic that is added.
FLOOR = {
    "tabular": {"average_precision": 0.65, "incidents_without_attack": 1, "recall": 0.5},
    "llm": {"average_precision": 0.8, "incidents_without_attack": 1, "recall": 0.7},
}

pytestmark = pytest.mark.corpus


def promised(size: str, half: str) -> tuple[int, int, int]:
    """Calls, items and clients in the table of the corpus's README."""
    row = re.search(rf"\| dev-{size} {half} \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \|", (CORPUS / "README.md").read_text())
    assert row
    calls, items, clients = (int(number.replace(",", "")) for number in row.groups())
    return calls, items, clients


def forensics(store: Path, *arguments: str) -> Any:
    done = subprocess.run([sys.executable, "-m", "forensics", *arguments, "--store", str(store)], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout) if "json" in arguments[-1] else None


@pytest.mark.parametrize("half", ["tabular", "llm"])
def test_small_half_from_logs_to_score(half: str, root: Path, tmp_path: Path) -> None:
    folder, store = corpus(f"dev-small/{half}"), tmp_path / "store"
    mapping = root / "fixtures" / "mappings" / "home-gateway.toml"
    reports = forensics(store, "ingest", *(str(folder / name) for name in SOURCES[half]), "--mapping", str(mapping), "--json")
    assert [r["format"] for r in reports] == (["databricks", "home-gateway"] if half == "tabular" else ["litellm", "bedrock"])
    assert [(r["rejected"], r["mended"], r["duplicates"], r["conflicts"]) for r in reports] == [(0, 0, 0, 0)] * 2
    counts = """select (select count(*) from events) as calls, (select count(*) from items) as items,
      (select count(distinct client_id) from events) as clients,
      (select coalesce(sum(n_items - 1), 0)::bigint from events where operation = 'embeddings') as further_inputs"""
    ((found),) = forensics(store, "query", counts, "--format", "json")
    # The README counts a call with a list of texts to embed as one item; here every text is one (docs/decisions/0002).
    assert (found["calls"], found["items"] - found["further_inputs"], found["clients"]) == promised("small", half)

    forensics(store, "scan")
    (tmp_path / "incidents.json").write_text(json.dumps(forensics(store, "incidents", "list", "--format", "json")))
    score = [sys.executable, str(CORPUS.parent / "eval" / "score.py"), "--json", "--truth", str(folder / "truth.jsonl")]
    done = subprocess.run([*score, "--incidents", str(tmp_path / "incidents.json")], stdout=subprocess.PIPE, check=True)
    result = json.loads(done.stdout)
    assert result["unknown_identifiers"] == 0
    assert result["average_precision"] >= FLOOR[half]["average_precision"]
    assert result["queue"]["incidents_without_attack"] <= FLOOR[half]["incidents_without_attack"]
    assert result["queue"]["recall"] >= FLOOR[half]["recall"]
