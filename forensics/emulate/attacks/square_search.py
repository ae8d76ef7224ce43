"""Search for an adversarial input at the corners of a box, one patch at a time, by the scores.

Square attack: M. Andriushchenko et al., "Square attack: a query-efficient black-box adversarial attack via random search", ECCV 2020.
"""

import numpy as np

from forensics.emulate.interface import SCORES, TabularBehaviour, TabularClient, TabularEpisode

# Share of the input that the first patches cover, and after which questions it is halved.
COVERED, HALVED = 0.3, (10, 50, 200, 500)


def episode(client: TabularClient) -> TabularEpisode:
    """One target: every number as far up or down as allowed, in stripes; then patches of one sign, kept where the label gets weaker."""
    model, rng = client.model, client.rng
    moves = np.array([c.kind in ("int", "float") for c in model.columns])
    reach = np.where(moves, rng.choice([0.03, 0.06, 0.1]) * model.span, 0.0)
    row = client.row()
    answer = yield row[None, :]
    label, best = answer.labels[0], np.inf
    grid = np.arange(model.width).reshape(_shape(model.width))
    signs = np.broadcast_to(rng.choice([-1.0, 1.0], grid.shape[1]), grid.shape).ravel()
    trial = signs
    for turn in range(300):
        answer = yield model.admit(row + trial * reach)[None, :]
        assert answer.scores is not None
        margin = answer.scores[0, label] - np.delete(answer.scores[0], label).max()
        if margin < best:
            signs, best = trial, margin
        if answer.labels[0] != label:
            return
        share = COVERED / 2 ** np.searchsorted(HALVED, turn)
        trial = signs
        while (trial == signs)[moves].all():
            trial = signs.copy()
            trial[_patch(grid, share, rng)] = rng.choice([-1.0, 1.0])


def _shape(width: int) -> tuple[int, int]:
    """An image where the columns make one, a single line otherwise."""
    side = int(np.sqrt(width))
    return (side, side) if side * side == width else (1, width)


def _patch(grid: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    height, width = (max(1, round(n * (np.sqrt(share) if len(grid) > 1 else share))) for n in grid.shape)
    top, left = (int(rng.integers(n - taken + 1)) for n, taken in zip(grid.shape, (height, width), strict=True))
    return grid[top : top + height, left : left + width].ravel()


BEHAVIOUR = TabularBehaviour(
    name="square_search",
    title="Score-based search for an adversarial input, patch by patch",
    options=(SCORES,),
    atlas="AML.T0043.001",
    episode=episode,
    models=("sepsis-risk", "glyph-reader"),
)
