"""How often honest clients of a model show an invariant, and how improbable a client's count is under that.

Each invariant counts k hits in n steps. Among the clients of one model, honest ones differ in their rates, so the null is beta-binomial.
It is fitted to the traffic at hand, attackers included, without being shaped by them: of clients above the median rate the likelihood
uses only that they are above it (a censored likelihood), and clients whose count the fitted null calls improbable are left out and the
fit is repeated. How much honest clients differ can hardly be seen where most have no hit at all, so that is mostly a prior, which the
invariant names (``odd_share``): what is improbable is a large share of hits, not a large number. Dependent p-values are merged with the
Cauchy combination (Liu and Xie 2020), independent ones with Fisher's, and what comes of it goes to Benjamini and Hochberg (1995).
`tests/detect/test_calibrate.py` simulates what this promises.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy import optimize, special, stats

Floats = np.ndarray[Any, np.dtype[np.float64]]
Counts = np.ndarray[Any, np.dtype[np.int64]]

ROUNDS: Final = 4
LEAST_P: Final = 1e-15  # below, the tail of a fitted curve says nothing more
PRIOR_MEAN: Final = -4.6  # of the logarithm of the rate: one in a hundred,
PRIOR_SPREAD: Final = 2.0  # within a factor of seven or so;
PRIOR_SIZE_SPREAD: Final = 0.25  # of the logarithm of alpha + beta: hardly more than the prior, for a share as large as that of an odd
TAIL: Final = 3.0  # honest client to come about once in twenty times, e to the minus three, among those that show it at all


@dataclass(frozen=True, slots=True)
class Null:
    """A beta-binomial null: ``rate`` of hits among honest clients, and ``size`` = alpha + beta, small where clients differ much."""

    rate: float
    size: float

    def p_values(self, hits: Counts, tried: Counts) -> Floats:
        """P(k or more hits in n steps); 1 where there is no hit."""
        alpha, beta = self.rate * self.size, (1.0 - self.rate) * self.size
        tail = stats.betabinom.sf(hits - 1, tried, alpha, beta)
        return np.where(hits > 0, np.clip(tail, LEAST_P, 1.0), 1.0)


def fit(hits: Counts, tried: Counts, odd_share: float) -> Null:
    """The null of one invariant on one model. ``hits``, ``tried``: (m,) of its clients; those that tried nothing say nothing.
    ``odd_share``: share of hits that an odd but honest client may well show."""
    asked = tried > 0
    hits, tried = hits[asked], tried[asked]
    null = Null(float(np.exp(PRIOR_MEAN)), TAIL / odd_share)
    if not len(hits):
        return null
    kept = np.ones(len(hits), bool)
    for _ in range(ROUNDS):
        null = _maximum(hits[kept], tried[kept], float(np.log(TAIL / odd_share)))
        remains = null.p_values(hits, tried) >= 1.0 / (len(hits) + 1.0)
        if (remains == kept).all():
            break
        kept = remains
    return null


def _maximum(hits: Counts, tried: Counts, prior_size: float) -> Null:
    """Where the censored likelihood, with the prior, is greatest."""
    middle = float(np.median(hits / tried)) if len(hits) else 0.0
    limit = np.floor(middle * tried).astype(np.int64)
    below = hits <= limit
    # Equal pairs count once: most clients have no hit.
    seen, seen_times = np.unique(np.stack([hits[below], tried[below]]), axis=1, return_counts=True)
    above, above_times = np.unique(np.stack([limit[~below], tried[~below]]), axis=1, return_counts=True)

    def loss(at: Floats) -> float:
        rate, size = special.expit(at[0]), np.exp(at[1])
        alpha, beta = rate * size, (1.0 - rate) * size
        total = stats.betabinom.logpmf(seen[0], seen[1], alpha, beta) @ seen_times
        if above.shape[1]:
            total += stats.betabinom.logsf(above[0], above[1], alpha, beta) @ above_times
        prior = ((at[0] - PRIOR_MEAN) / PRIOR_SPREAD) ** 2 + ((at[1] - prior_size) / PRIOR_SIZE_SPREAD) ** 2
        return float(0.5 * prior - total) if np.isfinite(total) else 1e300

    start = np.array([PRIOR_MEAN, prior_size])
    found = optimize.minimize(loss, start, method="Nelder-Mead", options={"xatol": 1e-3, "fatol": 1e-3, "maxiter": 200})
    return Null(round(float(special.expit(found.x[0])), 6) or 1e-6, round(float(np.exp(found.x[1])), 3) or 1e-3)


def cauchy(p_values: Floats) -> Floats:
    """(m,) one p-value of each row of (m, j), NaN for what was not asked: the Cauchy combination."""
    asked = ~np.isnan(p_values)
    # A p-value of one would be minus infinity, and outweigh any evidence.
    angles = np.tan((0.5 - np.clip(np.where(asked, p_values, 0.5), LEAST_P, 0.99)) * np.pi)
    mean = np.where(asked, angles, 0.0).sum(axis=1) / np.maximum(asked.sum(axis=1), 1)
    return np.where(asked.any(axis=1), np.clip(0.5 - np.arctan(mean) / np.pi, LEAST_P, 1.0), np.nan)


def fisher(p_values: Floats) -> Floats:
    """(m,) one p-value of each row of (m, j), NaN for what was not asked: Fisher's combination, for what is independent under the null."""
    asked = ~np.isnan(p_values)
    total = np.where(asked, -2.0 * np.log(np.where(asked, np.maximum(p_values, LEAST_P), 1.0)), 0.0).sum(axis=1)
    tail = stats.chi2.sf(total, 2 * np.maximum(asked.sum(axis=1), 1))
    return np.where(asked.any(axis=1), np.clip(tail, LEAST_P, 1.0), np.nan)


def either(p_values: Floats) -> Floats:
    """(m,) one p-value of each row of (m, j) independent ones: whether several are small together (Fisher) or one is by itself (Cauchy)."""
    return cauchy(np.column_stack([fisher(p_values), cauchy(p_values)]))


def q_values(p_values: Sequence[float] | Floats) -> Floats:
    """Benjamini-Hochberg: the least rate of false discoveries at which each would be called one."""
    p = np.asarray(p_values, np.float64)
    order = np.argsort(-p, kind="stable")
    ranks = len(p) - np.arange(len(p))
    q = np.minimum.accumulate(p[order] * len(p) / ranks)
    out = np.empty(len(p))
    out[order] = np.minimum(q, 1.0)
    return out
