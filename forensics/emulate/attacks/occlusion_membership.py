"""Was this row trained on? Its label survives that parts of it are covered if it was.

C. Choquette-Choo et al., "Label-only membership inference attacks", ICML 2021 (augmentation), with the augmentation of T. DeVries, G.
Taylor, "Improved regularization of convolutional neural networks with cutout", 2017.
"""

import numpy as np

from forensics.emulate.interface import ANY_ROWS, TabularBehaviour, TabularClient, TabularEpisode


def episode(client: TabularClient) -> TabularEpisode:
    """One candidate, covered by the masks that this attacker uses for all: some columns in a row each, set to a value that says nothing."""
    model, same = client.model, client.same()
    count = int(same.integers(8, 21))
    taken = max(1, round(model.width * same.choice([0.1, 0.2, 0.3])))
    starts = same.integers(0, model.width, count)
    covered = (np.arange(model.width) - starts[:, None]) % model.width < taken
    nothing = model.low if same.random() < 0.5 else client.pool(50).mean(axis=0)
    anchor = client.candidates(1)[0]
    yield np.vstack([anchor, np.where(covered, nothing, anchor)])


BEHAVIOUR = TabularBehaviour(
    name="occlusion_membership",
    title="Label-only membership inference with a fixed set of masks",
    options=ANY_ROWS,
    atlas="AML.T0024.000",
    episode=episode,
)
