"""Accounts: names that tell nothing, keys, addresses and programs, drawn alike for everybody."""

from dataclasses import dataclass

import numpy as np

AGENTS = (
    "python-requests/2.32.3", "openai-python/1.54.0", "axios/1.7.7", "okhttp/4.12.0", "Go-http-client/2.0", "curl/8.9.1",
    "Java-http-client/21.0.4", "node-fetch/3.3.2", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "python-httpx/0.27.2",
)  # fmt: skip
# Addresses that are set aside for documentation (RFC 5737).
NETWORKS = ("192.0.2", "198.51.100", "203.0.113")


@dataclass(frozen=True, slots=True)
class Account:
    """One principal as it stands in a log."""

    client_id: str
    api_key_id: str
    addresses: tuple[str, ...]
    agent: str
    sessions: bool


def account(rng: np.random.Generator) -> Account:
    """A new one; whoever it belongs to."""
    addresses = tuple(f"{rng.choice(NETWORKS)}.{rng.integers(1, 255)}" for _ in range(rng.choice([1, 2, 3], p=[0.7, 0.2, 0.1])))
    return Account(
        client_id=f"c{rng.bytes(5).hex()}",
        api_key_id=f"k{rng.bytes(8).hex()}",
        addresses=addresses,
        agent=str(rng.choice(AGENTS)),
        sessions=bool(rng.random() < 0.5),
    )
