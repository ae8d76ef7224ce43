"""Exchanges of an emulated client, taken apart."""

from typing import Any

import numpy as np

from forensics.emulate.workers import Exchange


def asked(exchanges: list[Exchange]) -> np.ndarray:
    return np.array([row for e in exchanges for row in e.request.get("instances", e.request.get("inputs"))], dtype=float)


def scores(exchanges: list[Exchange]) -> np.ndarray:
    return np.array([row for e in exchanges for row in e.response["scores"]])


def texts(exchanges: list[Exchange]) -> list[str]:
    return [e.request["prompt"] if "prompt" in e.request else e.request["messages"][-1]["content"] for e in exchanges]


def answers(exchanges: list[Exchange]) -> list[dict[str, Any]]:
    return [e.response["choices"][0] for e in exchanges]


def take(worker: Any, count: int) -> list[Exchange]:
    return [worker.exchange() for _ in range(count)]
