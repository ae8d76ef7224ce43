"""Jobs to calls: every account ticks by a clock of its own, and what the job asks next goes out with the next tick."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import numpy as np
import pyarrow as pa

from forensics.emulate.clocks import tick
from forensics.emulate.interface import LanguageBehaviour, TabularBehaviour
from forensics.emulate.models.interface import LanguageModel, TabularModel
from forensics.emulate.people import Account
from forensics.emulate.plan import Job
from forensics.emulate.workers import Exchange, Worker, language_worker, tabular_worker

EPOCH = datetime(2026, 3, 2, tzinfo=UTC)
# Share of the calls that fail, whoever makes them; they are made again with the next tick.
FAILING = 0.015
SESSION_GAP = 1800.0

CALLS = pa.schema([
    ("call_no", pa.int64()), ("call_id", pa.string()), ("ts", pa.timestamp("us", tz="UTC")), ("user_id", pa.string()),
    ("api_key_id", pa.string()), ("client_ip", pa.string()), ("user_agent", pa.string()), ("session_id", pa.string()),
    ("model", pa.string()), ("operation", pa.string()), ("request", pa.string()), ("response", pa.string()), ("http_status", pa.int64()),
    ("error_code", pa.string()), ("latency_ms", pa.float64()), ("input_tokens", pa.int64()), ("output_tokens", pa.int64()),
])  # fmt: skip

Model = TabularModel | LanguageModel


@dataclass(frozen=True, slots=True)
class Truth:
    """What an account was; a line of ``truth.jsonl``."""

    client_id: str
    api_key_id: str
    kind: str
    family: str
    atlas: str | None
    campaign_id: str | None
    evasion: str
    n_queries: int
    attack_queries: int

    @property
    def line(self) -> str:
        return json.dumps(asdict(self))


def slots(job: Job, seed: int) -> list[tuple[float, int]]:
    """(seconds since `EPOCH`, which account) of every call of a job, in order of time; independent of what the job is."""
    rng = np.random.default_rng([seed, 11, job.number])
    return sorted((float(at), who) for who, calls in enumerate(job.calls) for at in tick(rng, calls))


def run(job: Job, models: Mapping[str, Model], seed: int) -> tuple[list[dict[str, Any]], list[Truth]]:
    """The calls of one job in order of time, and what its accounts were."""
    rng = np.random.default_rng([seed, 13, job.number])
    stream = _exchanges(job, models[job.model], seed, rng)
    asked, hostile = [0] * len(job.accounts), [0] * len(job.accounts)
    seen: list[tuple[float, int]] = [(-SESSION_GAP, 0)] * len(job.accounts)
    calls: list[dict[str, Any]] = []
    retry: tuple[Exchange, bool] | None = None
    for at, who in slots(job, seed):
        exchange, is_main = retry or next(stream)
        failed = rng.random() < FAILING
        retry = (exchange, is_main) if failed else None
        asked[who] += exchange.queries
        hostile[who] += exchange.queries * (is_main and job.campaign_id is not None)
        last, session = seen[who]
        seen[who] = (at, session + (at - last > SESSION_GAP))
        calls.append(_call(job, job.accounts[who], at, seen[who][1], exchange, failed, rng))
    return calls, [_truth(job, *one) for one in zip(job.accounts, asked, hostile, strict=True)]


def _exchanges(job: Job, model: Model, seed: int, rng: np.random.Generator) -> Iterator[tuple[Exchange, bool]]:
    """What is asked, one call after the other; with a cover, either is drawn for every call."""
    main = _worker(job, job.main, model, (seed, 17, job.number))
    cover = _worker(job, job.cover, model, (seed, 19, job.number)) if job.cover else None
    while True:
        if cover and rng.random() < job.cover_share:
            yield cover.exchange(), False
        else:
            yield main.exchange(), True


def _worker(job: Job, behaviour: Any, model: Any, seeds: tuple[int, ...]) -> Worker:
    if isinstance(behaviour, TabularBehaviour):
        return tabular_worker(behaviour, model, seeds, job.batch, job.option, job.disguise)
    assert isinstance(behaviour, LanguageBehaviour)
    return language_worker(behaviour, model, seeds, job.option, job.batch, job.disguise)


def _call(job: Job, who: Account, at: float, session: int, exchange: Exchange, failed: bool, rng: np.random.Generator) -> dict[str, Any]:
    busy = failed and rng.random() < 0.7
    latency = round(float(rng.lognormal(np.log(30 + 0.5 * exchange.queries + 12 * exchange.output_tokens), 0.35)), 1)
    return {
        "at": at,
        "user_id": who.client_id,
        "api_key_id": who.api_key_id,
        "client_ip": who.addresses[rng.integers(len(who.addresses))],
        "user_agent": who.agent,
        "session_id": sha256(f"{who.client_id}{session}".encode()).hexdigest()[:16] if who.sessions else None,
        "model": job.model,
        "operation": exchange.operation,
        "request": json.dumps(exchange.request),
        "response": None if failed else json.dumps(exchange.response),
        "http_status": 200 if not failed else 429 if busy else 503,
        "error_code": None if not failed else "rate_limited" if busy else "unavailable",
        "latency_ms": latency,
        "input_tokens": None if failed or not exchange.input_tokens else exchange.input_tokens,
        "output_tokens": None if failed or not exchange.input_tokens else exchange.output_tokens,
    }


def _truth(job: Job, who: Account, asked: int, hostile: int) -> Truth:
    return Truth(
        client_id=who.client_id, api_key_id=who.api_key_id, kind="attack" if job.campaign_id else "benign", family=job.main.name,
        atlas=job.main.atlas or None, campaign_id=job.campaign_id, evasion=job.evasion, n_queries=asked, attack_queries=hostile,
    )  # fmt: skip


def as_table(calls: Sequence[Mapping[str, Any]], seed: int) -> pa.Table:
    """All calls of one log in the order in which its gateway saw them, as the ``c`` of `LogFormat.writes`."""
    ordered = sorted(calls, key=lambda c: (c["at"], c["user_id"]))
    start = int(EPOCH.timestamp() * 1000)
    columns: dict[str, list[Any]] = {name: [call.get(name) for call in ordered] for name in CALLS.names}
    columns["call_no"] = list(range(len(ordered)))
    columns["call_id"] = [sha256(f"{seed}:{number}:{c['user_id']}".encode()).hexdigest()[:32] for number, c in enumerate(ordered)]
    moments = pa.array([(start + round(c["at"] * 1000)) * 1000 for c in ordered], pa.int64())
    arrays = [moments.cast(field.type) if field.name == "ts" else pa.array(columns[field.name], field.type) for field in CALLS]
    return pa.Table.from_arrays(arrays, schema=CALLS)
