"""Was this row trained on? Its label holds under more disturbance if it was.

C. Choquette-Choo et al., "Label-only membership inference attacks", ICML 2021 (noise and augmentation).
"""

import numpy as np

from forensics.emulate.interface import ANY_ROWS, TabularBehaviour, TabularClient, TabularEpisode


def episode(client: TabularClient) -> TabularEpisode:
    """One candidate under the set of transforms that this attacker uses for all of them."""
    model, same = client.model, client.same()
    count = int(same.integers(10, 25))
    strength = same.choice([0.05, 0.1, 0.2])
    noise = same.normal(0, strength, (count, model.width)) * model.span
    flips = same.random((count, model.width)) < strength
    flips[np.arange(count), same.integers(0, model.width, count)] = True
    anchor = client.candidates(1)[0]
    flags = np.array([c.kind == "flag" for c in model.columns])
    yield np.vstack([anchor, np.where(flags, np.abs(anchor - flips), anchor + noise)])


BEHAVIOUR = TabularBehaviour(
    name="label_membership",
    title="Label-only membership inference with a fixed set of transforms",
    options=ANY_ROWS,
    atlas="AML.T0024.000",
    episode=episode,
)
