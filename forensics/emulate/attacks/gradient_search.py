"""Search for an adversarial input along a gradient that is estimated from scores, by questions in mirrored pairs.

NES: A. Ilyas et al., "Black-box adversarial attacks with limited queries and information", ICML 2018.
"""

import numpy as np

from forensics.emulate.interface import SCORES, TabularBehaviour, TabularClient, TabularEpisode


def episode(client: TabularClient) -> TabularEpisode:
    """One target: Gaussian directions, each taken forth and back, then a sign step against the label, not too far from the target."""
    model, rng, same = client.model, client.rng, client.same()
    pairs, adjacent = int(same.choice([8, 12, 20])), same.random() < 0.5
    sigma, step, reach = rng.choice([0.02, 0.05]), rng.choice([0.02, 0.04]), rng.choice([0.1, 0.2, 0.3])
    moves = np.array([c.kind in ("int", "float") for c in model.columns])
    target = (client.row() - model.low) / model.span
    here, label = target, None
    while True:
        answer = yield (model.low + here * model.span)[None, :]
        label = answer.labels[0] if label is None else label
        if answer.labels[0] != label:
            return
        forth = rng.normal(size=(pairs, model.width)) * moves
        # Forth and back in turn, as the paper has it, or all forth and then all back, as its code does.
        ways = np.stack([forth, -forth], axis=1).reshape(-1, model.width) if adjacent else np.vstack([forth, -forth])
        answer = yield model.low + (here + sigma * ways) * model.span
        assert answer.scores is not None
        slope = answer.scores[:, label] @ ways
        if not slope.any():  # between the thresholds of a tree nothing changes
            return
        here = np.clip(here - step * np.sign(slope), np.maximum(target - reach, 0), np.minimum(target + reach, 1))


BEHAVIOUR = TabularBehaviour(
    name="gradient_search",
    title="Score-based search for an adversarial input by estimated gradients",
    options=(SCORES,),
    atlas="AML.T0043.001",
    episode=episode,
    models=("sepsis-risk", "glyph-reader"),
)
