"""Speed and memory of whole commands on made-up logs. `make bench`; results are kept in docs/performance.md.

CPU seconds (user and system, all threads) are the figure to compare; each log is also parsed by DuckDB alone in the same run, and the
ratio says how much of that speed is left when the records are identified, hashed, stored and synced.
"""

import argparse
import itertools
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

ROOT = Path(__file__).parents[2]
MAPPING = ROOT / "fixtures" / "mappings" / "home-gateway.toml"
WORDS = ["".join(letters) for letters in itertools.islice(itertools.product("aeioubdkmnst", repeat=5), 0, 200_000, 40)]


def common(draw: random.Random, n: int) -> tuple[float, str]:
    return 1767225600 + n * 0.9 + draw.random(), f"client-{draw.randint(0, 2000)}"


def litellm(draw: random.Random, n: int) -> dict[str, Any]:
    at, client = common(draw, n)
    text = " ".join(draw.choices(WORDS, k=80))
    return {
        "id": f"call-{n}", "call_type": "acompletion", "status": "success", "startTime": at, "endTime": at + 1, "response_time": 1.0,
        "model": f"model-{n % 5}",
        "metadata": {"user_api_key_user_id": client, "requester_ip_address": "192.0.2.1", "user_agent": "x/1"},
        "prompt_tokens": 90, "completion_tokens": 40, "model_parameters": {"max_tokens": 50},
        "messages": [{"role": "user", "content": text}],
        "response": {"choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text[:200]}}]},
    }  # fmt: skip


def bedrock(draw: random.Random, n: int) -> dict[str, Any]:
    _, client = common(draw, n)
    text = " ".join(draw.choices(WORDS, k=80))
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=n)
    return {
        "schemaType": "ModelInvocationLog", "timestamp": at.isoformat(), "requestId": f"req-{n}", "operation": "Converse",
        "identity": {"arn": f"arn:aws:iam::111122223333:user/{client}"}, "modelId": f"model-{n % 5}",
        "input": {"inputBodyJson": {"messages": [{"role": "user", "content": [{"text": text}]}], "inferenceConfig": {"maxTokens": 50}}},
        "output": {"outputBodyJson": {"output": {"message": {"content": [{"text": text[:200]}]}}, "stopReason": "end_turn"}},
    }  # fmt: skip


def gateway(draw: random.Random, n: int) -> dict[str, Any]:
    at, client = common(draw, n)
    row = [round(draw.gauss(0, 1), 4) for _ in range(30)]
    return {
        "time": at, "id": f"g-{n}", "consumer": {"id": client, "key": "k"}, "remote": {"addr": "192.0.2.1", "agent": "x/1"},
        "http": {"path": "/v1/models/moss:predict", "status": 200, "ms": 3.5, "bytes_in": 300, "bytes_out": 60},
        "request": {"instances": [row], "parameters": {"return_probabilities": True}},
        "response": {"predictions": [n % 2], "scores": [[0.25, 0.75]]},
    }  # fmt: skip


def databricks(draw: random.Random, n: int) -> dict[str, Any]:
    at, client = common(draw, n)
    row = [round(draw.gauss(0, 1), 4) for _ in range(30)]
    return {
        "databricks_request_id": f"d-{n}", "request_time": str(at), "status_code": 200, "sampling_fraction": 1.0,
        "execution_duration_ms": 9, "request": json.dumps({"inputs": [row]}),
        "response": json.dumps({"predictions": [0.5]}), "logging_error_codes": [],
        "served_entity_id": "fern", "requester": client,
    }  # fmt: skip


def spent(run: Callable[[], object]) -> tuple[float, object]:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = run()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, result


def python(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=True)


def forensics(*arguments: str) -> int:
    """Run a command; its peak memory in MiB."""
    code = "import resource, sys; from forensics.cli import main\ntry: main()\nexcept SystemExit as s: assert not s.code, s.code\n"
    code += "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=True
    )
    return int(done.stderr.split()[-1])


def write(make: Callable[[random.Random, int], dict[str, Any]], count: int, folder: Path) -> Path:
    draw = random.Random(3)
    records: Iterator[dict[str, Any]] = (make(draw, n) for n in range(count))
    if make is databricks:
        path = folder / "databricks.parquet"
        pq.write_table(pa.Table.from_pylist(list(records)), path)
        return path
    path = folder / f"{make.__name__}.jsonl"
    with path.open("w") as file:
        file.writelines(json.dumps(record) + "\n" for record in records)
    return path


def bare(path: Path) -> str:
    """Python code that parses the log with DuckDB alone, every top-level column, and throws it away."""
    reader = f"read_parquet('{path}')" if path.suffix == ".parquet" else f"read_json('{path}', format='newline_delimited')"
    return f'import duckdb; duckdb.connect().execute("select max(length(to_json(t)::varchar)) from {reader} t").fetchall()'


def measure(make: Callable[[random.Random, int], dict[str, Any]], count: int, work: Path) -> list[str]:
    path, store = write(make, count, work), work / f"store-{make.__name__}"
    baseline, _ = spent(lambda: python(bare(path)))
    first, peak = spent(lambda: forensics("ingest", str(path), "--mapping", str(MAPPING), "--store", str(store)))
    (work / "copy").mkdir(exist_ok=True)
    moved = path.rename(work / "copy" / path.name)
    with moved.open("ab") as file:  # no longer the same content: every record has to be compared
        file.write(b"\n" if path.suffix != ".parquet" else b"")
    again, _ = spent(lambda: forensics("ingest", str(moved), "--mapping", str(MAPPING), "--store", str(store)))
    scanned, scan_peak = spent(lambda: forensics("scan", "--store", str(store)))
    size = sum(f.stat().st_size for f in store.rglob("*") if f.is_file())
    moved.unlink()
    figures = [
        f"{count:,}",
        f"{count / first:,.0f}",
        f"{baseline / first:.2f}",
        f"{peak}",
        f"{again:.1f}",
        f"{scanned:.1f}",
        f"{scan_peak}",
    ]
    return [make.__name__, *figures, f"{size / count:.0f}"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=200_000)
    asked = parser.parse_args()
    os.environ["FORENSICS_KEY_FILE"] = tempfile.mkdtemp(prefix="forensics-bench-key-") + "/key"
    print(f"duckdb {duckdb.__version__}, pyarrow {pa.__version__}, Python {sys.version.split()[0]}, {os.cpu_count()} cores\n")
    heads = ["log", "records", "ingested per CPU s", "of DuckDB's bare parse", "peak MiB", "again, CPU s"]
    heads += ["scan, CPU s", "scan's peak MiB", "stored bytes a record"]
    print(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
    with tempfile.TemporaryDirectory(prefix="forensics-bench-") as work:
        for make in (litellm, bedrock, gateway, databricks):
            print(f"| {' | '.join(measure(make, asked.records, Path(work)))} |", flush=True)


if __name__ == "__main__":
    main()
