"""Was this row trained on? How far it lies from the boundary is told by how often noise around it changes its label.

C. Choquette-Choo et al., "Label-only membership inference attacks", ICML 2021 (robustness to random noise: Gaussian on numbers, flips of
a given likelihood on categories), fresh for every candidate.
"""

import numpy as np

from forensics.emulate.interface import ANY_ROWS, TabularBehaviour, TabularClient, TabularEpisode


def episode(client: TabularClient) -> TabularEpisode:
    """One candidate in noise of this attacker's strength. Where nothing changes the label, or everything, twice more or less is tried."""
    model, rng, same = client.model, client.rng, client.same()
    count, strength = int(same.integers(8, 33)), same.choice([0.05, 0.1, 0.2])
    categories = np.array([c.kind in ("code", "flag") for c in model.columns])
    anchor = client.candidates(1)[0]
    answer = yield anchor[None, :]
    label = answer.labels[0]
    for _ in range(2):
        noisy = anchor + rng.normal(0, strength, (count, model.width)) * model.span
        other = model.low + rng.random(noisy.shape) * model.span
        changed = rng.random(noisy.shape) < 2 * strength
        answer = yield np.where(categories, np.where(changed, other, anchor), noisy)
        kept = np.mean(answer.labels == label)
        if 0 < kept < 1:
            return
        strength *= 2 if kept else 0.5


BEHAVIOUR = TabularBehaviour(
    name="noise_membership",
    title="Label-only membership inference by fresh noise",
    options=ANY_ROWS,
    atlas="AML.T0024.000",
    episode=episode,
)
