"""Run the product over labelled traffic and print the scorer's tables. `make eval`; results are kept in docs/evaluation.md.

The corpora and the scorer lie beside the checkout; truth.jsonl goes to the scorer and nowhere else. Each half is ingested from a
directory that does not contain it. The emulator's traffic is made anew, from seeds that no threshold was set on.
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
SEEDS = [401, 402, 403, 404, 405]
SOURCES = {"tabular": ("databricks.parquet", "gateway.jsonl.zst"), "llm": ("litellm.jsonl.zst", "bedrock.jsonl.*")}


PRODUCT = ["-m", "forensics"]


def forensics(*arguments: str, store: Path) -> str:
    command = [sys.executable, *PRODUCT, *arguments, "--store", str(store)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False, env=os.environ | {"FORENSICS_KEY_FILE": f"{store}.key"})
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments)}: exit code {done.returncode}")
    return done.stdout


def corpus(size: str, half: str, work: Path) -> dict[str, object]:
    """One half of a corpus in a fresh store."""
    folder = SHARED / "corpus" / f"dev-{size}" / half
    sources = [*(str(folder / name) for name in SOURCES[half]), "--mapping", str(MAPPING)]
    return evaluate(f"dev-{size} {half}", sources, folder / "truth.jsonl", work / f"{size}-{half}")


def emulated(seed: int, work: Path) -> dict[str, object]:
    """The emulator's default traffic in a fresh store."""
    place = work / f"emulated-{seed}"
    command = [sys.executable, "-m", "forensics", "emulate", "mixed", "--out", str(place), "--seed", str(seed)]
    subprocess.run(command, check=True, capture_output=True)
    return evaluate(f"emulated {seed}", [str(place / "logs")], place / "truth.jsonl", work / f"store-{seed}")


def evaluate(name: str, sources: list[str], truth: Path, store: Path) -> dict[str, object]:
    """Ingest, scan, list and score; the scorer's result with CPU seconds and peak memory."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    forensics("ingest", *sources, store=store)
    forensics("scan", store=store)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    listed = store.with_suffix(".json")
    listed.write_text(forensics("incidents", "list", "--format", "json", store=store))
    score = [sys.executable, str(SHARED / "eval" / "score.py"), "--json", "--truth", str(truth)]
    scored = subprocess.run([*score, "--incidents", str(listed)], stdout=subprocess.PIPE, check=True)
    counted = json.loads(forensics("query", COUNTS, "--format", "json", store=store))[0]
    used = {
        "cpu_s": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1),
        "wall_s": round(time.monotonic() - started, 1),
    }
    return {"corpus": name, **counted, **used, "peak_mib": after.ru_maxrss >> 10, **json.loads(scored.stdout)}


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
    parser.add_argument("--seeds", type=int, nargs="*", default=SEEDS, help="of the emulator's traffic; none to leave it out")
    parser.add_argument("--wordless", action="store_true", help="without the words by which refusals are known")
    asked = parser.parse_args()
    if asked.wordless:
        PRODUCT[:] = [str(Path(__file__).with_name("wordless.py"))]
    if not SHARED.exists():
        raise SystemExit("the labelled corpora do not lie beside the checkout: nothing to score")
    with tempfile.TemporaryDirectory(prefix="forensics-eval-") as work:
        for size in ("small", "full") if asked.size == "both" else (asked.size,):
            for half in ("tabular", "llm") if asked.half == "both" else (asked.half,):
                show(corpus(size, half, Path(work)))
        for seed in asked.seeds:
            show(emulated(seed, Path(work)))


if __name__ == "__main__":
    main()
