"""Thresholds of a tree, found by bisecting one column after the other.

F. Tramer et al., "Stealing machine learning models via prediction APIs", USENIX Security 2016 (path finding, equation solving).
"""

from forensics.emulate.interface import ANY_ROWS, Answer, TabularBehaviour, TabularClient, TabularEpisode


def episode(client: TabularClient) -> TabularEpisode:
    """One base row: for every column, where between its bounds does the answer change?"""
    model, rng = client.model, client.rng
    base = client.row()
    for place in rng.permutation(model.width):
        low, high = model.low[place], model.high[place]
        finest = 1.0 if model.whole[place] else (high - low) / 512
        ends = base.copy(), base.copy()
        ends[0][place], ends[1][place] = low, high
        first = yield ends[0][None, :]
        last = yield ends[1][None, :]
        if _said(first) == _said(last):
            continue
        while high - low > finest:
            middle = base.copy()
            middle[place] = (low + high) / 2 if not model.whole[place] else (low + high) // 2
            answer = yield middle[None, :]
            low, high = (middle[place], high) if _said(answer) == _said(first) else (low, middle[place])


def _said(answer: Answer) -> tuple[float, ...]:
    """What tells two leaves apart: the scores where these are given, the label otherwise."""
    return (float(answer.labels[0]),) if answer.scores is None else tuple(answer.scores[0].tolist())


BEHAVIOUR = TabularBehaviour(
    name="path_finding",
    title="Model extraction by bisection along the axes",
    options=ANY_ROWS,
    atlas="AML.T0024.002",
    episode=episode,
    models=("sepsis-risk",),
)
