"""What does the model take for a typical member of a class? Climb its score from a neutral input.

M. Fredrikson, S. Jha, T. Ristenpart, "Model inversion attacks that exploit confidence information", CCS 2015, with finite differences
in place of gradients.
"""

import numpy as np

from forensics.emulate.interface import SCORES, Matrix, TabularBehaviour, TabularClient, TabularEpisode


def episode(client: TabularClient) -> TabularEpisode:
    """One class: probe every coordinate, step along what raised the score, until it is nearly one or nothing raises it any more."""
    model, rng = client.model, client.rng
    wanted = int(rng.integers(len(model.classes)))
    row = model.admit(model.low + model.span * rng.choice([0.3, 0.5]))
    probe = np.where(model.whole, np.maximum(np.rint(model.span * 0.1), 1), model.span * 0.05)
    best, patience = 0.0, 3
    while patience:
        ahead = np.where(row + probe > model.high, -probe, probe)
        answer = yield np.vstack([row, row + np.diag(ahead)])
        assert answer.scores is not None
        reached, slope = answer.scores[0, wanted], answer.scores[1:, wanted] - answer.scores[0, wanted]
        patience = 3 if reached > best else patience - 1
        best = max(best, reached)
        if reached > 0.98:
            return
        row = model.admit(row + _step(slope, ahead, rng))


def _step(slope: Matrix, ahead: Matrix, rng: np.random.Generator) -> Matrix:
    """Along what rose. Where nothing changes, as between the thresholds of a tree, a few coordinates jump at random."""
    if slope.any():
        along: Matrix = 3 * ahead * slope / np.abs(slope).max()
        return along
    jump: Matrix = 4 * ahead * rng.normal(size=len(ahead)) * (rng.random(len(ahead)) < 0.4)
    return jump


BEHAVIOUR = TabularBehaviour(
    name="model_inversion",
    title="Model inversion by finite differences",
    options=(SCORES,),
    atlas="AML.T0024.001",
    episode=episode,
)
