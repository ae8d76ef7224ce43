"""Run the product over the labelled corpora and print the scorer's tables. `make eval`; results are kept in docs/evaluation.md.

The corpora lie beside the checkout; truth.jsonl goes to the scorer and nowhere else. Each half is ingested from a directory that
does not contain it.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared"
MAPPING = ROOT / "fixtures" / "mappings" / "home-gateway.toml"
SOURCES = {"tabular": ("databricks.parquet", "gateway.jsonl.zst"), "llm": ("litellm.jsonl.zst", "bedrock.jsonl.*")}


def forensics(*arguments: str, store: Path) -> str:
    command = [sys.executable, "-m", "forensics", *arguments, "--store", str(store)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False, env=os.environ | {"FORENSICS_KEY_FILE": f"{store}.key"})
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments)}: exit code {done.returncode}")
    return done.stdout


def evaluate(size: str, half: str, work: Path) -> dict[str, object]:
    """Ingest, scan, list and score one half in a fresh store; the scorer's result with CPU seconds and peak memory."""
    folder, store = SHARED / "corpus" / f"dev-{size}" / half, work / f"{size}-{half}"
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    forensics("ingest", *(str(folder / name) for name in SOURCES[half]), "--mapping", str(MAPPING), store=store)
    forensics("scan", store=store)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    (work / f"{size}-{half}.json").write_text(forensics("incidents", "list", "--format", "json", store=store))
    score = [sys.executable, str(SHARED / "eval" / "score.py"), "--json", "--truth", str(folder / "truth.jsonl")]
    scored = subprocess.run([*score, "--incidents", str(work / f"{size}-{half}.json")], stdout=subprocess.PIPE, check=True)
    counted = json.loads(forensics("query", COUNTS, "--format", "json", store=store))[0]
    used = {
        "cpu_s": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1),
        "wall_s": round(time.monotonic() - started, 1),
    }
    return {"corpus": f"dev-{size} {half}", **counted, **used, "peak_mib": after.ru_maxrss >> 10, **json.loads(scored.stdout)}


COUNTS = """select (select count(*) from events) as calls, (select count(*) from items) as items,
  (select count(distinct client_id) from events) as clients, (select count(*) from rejects) as rejected,
  (select count(*) from events where operation = 'embeddings' and n_items > 1) as batched_embedding_calls,
  (select coalesce(sum(n_items - 1), 0)::bigint from events where operation = 'embeddings') as further_embedding_inputs"""


def show(result: dict[str, object]) -> None:
    print(f"\n## {result.pop('corpus')}\n")
    print("| figure | value |\n|---|---|")
    for name, value in result.items():
        if isinstance(value, dict):
            for inner, number in value.items():
                print(f"| {name}: {inner} | {number} |")
        else:
            print(f"| {name} | {value} |")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=["small", "full", "both"], default="both")
    parser.add_argument("--half", choices=["tabular", "llm", "both"], default="both")
    asked = parser.parse_args()
    if not SHARED.exists():
        raise SystemExit("the labelled corpora do not lie beside the checkout: nothing to score")
    with tempfile.TemporaryDirectory(prefix="forensics-eval-") as work:
        for size in ("small", "full") if asked.size == "both" else (asked.size,):
            for half in ("tabular", "llm") if asked.half == "both" else (asked.half,):
                show(evaluate(size, half, Path(work)))


if __name__ == "__main__":
    main()
