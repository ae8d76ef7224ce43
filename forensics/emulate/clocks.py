"""When a client calls. Every client draws one of these, whatever it does."""

import numpy as np
from numpy.typing import NDArray

HOURS = 48
SPAN = HOURS * 3600.0
Seconds = NDArray[np.float64]


def office(rng: np.random.Generator, count: int) -> Seconds:
    """People at work: around the middle of the day, less at noon."""
    day = rng.integers(0, HOURS // 24, count)
    hour = np.where(rng.random(count) < 0.55, rng.normal(10.3, 1.2, count), rng.normal(14.8, 1.4, count))
    moments: Seconds = day * 86400 + np.clip(hour, 5, 22) * 3600
    return moments


def steady(rng: np.random.Generator, count: int) -> Seconds:
    """A timer, with a little jitter."""
    start, length = _window(rng)
    return start + length * (np.arange(count) + rng.uniform(0, 0.3, count)) / count


def anytime(rng: np.random.Generator, count: int) -> Seconds:
    """A public service."""
    return rng.uniform(0, SPAN, count)


def bursts(rng: np.random.Generator, count: int) -> Seconds:
    """Jobs that somebody starts now and then, each a few calls a minute."""
    starts = rng.uniform(0, SPAN * 0.95, rng.integers(2, 9))
    which = rng.integers(0, len(starts), count)
    return starts[which] + rng.exponential(60 * max(count / len(starts), 4) / rng.uniform(1, 12), count)


def night(rng: np.random.Generator, count: int) -> Seconds:
    """A scheduled job in the small hours."""
    day = rng.integers(0, HOURS // 24, count)
    return day * 86400 + rng.uniform(0, 2) * 3600 + rng.uniform(0, rng.uniform(0.4, 3) * 3600, count)


def serial(rng: np.random.Generator, count: int) -> Seconds:
    """One call after the answer to the last, from some moment on."""
    gaps = rng.lognormal(np.log(rng.uniform(0.8, 20)), 0.5, count)
    return (rng.uniform(0, SPAN * 0.7) + np.cumsum(gaps)) % SPAN


CLOCKS = (office, steady, anytime, bursts, night, serial)


def _window(rng: np.random.Generator) -> tuple[float, float]:
    start = rng.uniform(0, SPAN * 0.6)
    return start, rng.uniform(0.1, 1) * (SPAN - start)


def tick(rng: np.random.Generator, count: int) -> Seconds:
    """``count`` moments in [0, `SPAN`), ascending, to the millisecond."""
    clock = CLOCKS[rng.integers(len(CLOCKS))]
    moments: Seconds = np.sort(np.clip(clock(rng, count), 0.0, SPAN - 1)).astype(np.float64)
    return moments.round(3)
