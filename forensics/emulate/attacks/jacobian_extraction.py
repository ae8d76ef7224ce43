"""A copy of the model, trained on rows that are moved across its own boundaries.

N. Papernot et al., "Practical black-box attacks against machine learning", AsiaCCS 2017 (Jacobian-based data augmentation).
"""

import numpy as np

from forensics.emulate.interface import ANY_ROWS, Matrix, TabularBehaviour, TabularClient, TabularEpisode
from forensics.emulate.models.fit import softmax

WIDTH = 48
WHOLE = 3  # generations of all rows, before who saves queries goes on with a sample


def episode(client: TabularClient) -> TabularEpisode:
    """Seeds, then generation after generation: every row so far, or of many a sample of one size (the paper's reservoir), moved by one
    sign step of the copy's gradient."""
    model, rng = client.model, client.rng
    known = client.natural(int(rng.integers(8, 17)))
    seeds = len(known)
    answer = yield known
    labels = answer.labels
    # Categories do not move: half a step from one to the next is none.
    moves = np.array([c.kind in ("int", "float") for c in model.columns])
    step = np.where(moves, rng.choice([0.03, 0.06, 0.1]) * model.span, 0.0)
    saves = client.same().random() < 0.5
    for generation in range(6):
        hidden = rng.normal(0, 1.5, (model.width, WIDTH)) / np.sqrt(model.width)
        slopes = _slopes((known - model.low) / model.span - 0.5, labels, len(model.classes), hidden)
        chosen = rng.permutation(len(known))[: 4 * seeds] if saves and generation >= WHOLE else np.arange(len(known))
        children = model.admit(known[chosen] + step * np.sign(slopes[chosen]))
        answer = yield children
        known, labels = np.vstack([known, children]), np.concatenate([labels, answer.labels])


def _slopes(rows: Matrix, labels: np.ndarray, classes: int, hidden: Matrix) -> Matrix:
    """How the logit of each row's label rises in a new copy: one hidden layer, of which the weights behind it are fitted."""
    inner = np.tanh(rows @ hidden)
    weights = np.zeros((classes, WIDTH))
    wanted = np.eye(classes)[labels]
    for _ in range(60):
        weights += 0.5 * (wanted - softmax(inner @ weights.T)).T @ inner / len(rows)
    slopes: Matrix = (weights[labels] * (1 - inner**2)) @ hidden.T
    return slopes


BEHAVIOUR = TabularBehaviour(
    name="jacobian_extraction",
    title="Model extraction by Jacobian-based augmentation",
    options=ANY_ROWS,
    atlas="AML.T0024.002",
    episode=episode,
    models=("sepsis-risk", "glyph-reader"),
)
