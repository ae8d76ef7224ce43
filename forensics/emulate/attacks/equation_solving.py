"""The weights of a regression, solved for exactly: as many independent inputs as there are unknowns.

F. Tramer et al., "Stealing machine learning models via prediction APIs", USENIX Security 2016 (equation solving).
"""

import numpy as np

from forensics.emulate.interface import SCORES, TabularBehaviour, TabularClient, TabularEpisode


def episode(client: TabularClient) -> TabularEpisode:
    """One system of equations around a row: each coordinate moved alone. Then the solution is tried on a few natural rows."""
    model, rng = client.model, client.rng
    base = np.where(rng.random(model.width) < rng.choice([0.0, 0.3]), model.high, model.low)
    rows = np.vstack([base, base + np.diag(np.where(base > model.low, -1.0, 1.0) * model.span)])
    answer = yield rows
    assert answer.scores is not None
    logits = np.log(np.maximum(answer.scores, 5e-5))
    weights = np.linalg.lstsq(np.column_stack([rows, np.ones(len(rows))]), logits, rcond=None)[0]
    check = client.natural(4)
    answer = yield check
    solved = np.column_stack([check, np.ones(len(check))]) @ weights
    if (solved.argmax(axis=1) == answer.labels).all():
        yield client.natural(2)  # a last look, and on to another base


BEHAVIOUR = TabularBehaviour(
    name="equation_solving",
    title="Model extraction by solving for the weights",
    options=(SCORES,),
    atlas="AML.T0024.002",
    episode=episode,
    models=("basket-segments",),
)
