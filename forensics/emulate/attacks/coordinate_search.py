"""Search for an adversarial input one coordinate at a time, by the scores.

SimBA: C. Guo et al., "Simple black-box adversarial attacks", ICML 2019; after ZOO, P.-Y. Chen et al., AISec 2017.
"""

from forensics.emulate.interface import SCORES, TabularBehaviour, TabularClient, TabularEpisode


def episode(client: TabularClient) -> TabularEpisode:
    """One target: try each coordinate up, then down, and keep what makes the label less likely."""
    model, rng = client.model, client.rng
    row = client.row()
    answer = yield row[None, :]
    label = answer.labels[0]
    assert answer.scores is not None
    best = answer.scores[0, label]
    step = rng.choice([0.1, 0.2, 0.3]) * model.span
    step[model.whole] = step[model.whole].round().clip(min=1)
    for place in rng.permutation(model.width):
        for sign in (1, -1):
            moved = row.copy()
            moved[place] += sign * step[place]
            if not model.low[place] <= moved[place] <= model.high[place]:
                continue
            answer = yield moved[None, :]
            assert answer.scores is not None
            if answer.scores[0, label] < best:
                row, best = moved, answer.scores[0, label]
                break
        if answer.labels[0] != label:
            return


BEHAVIOUR = TabularBehaviour(
    name="coordinate_search",
    title="Score-based search for an adversarial input, one coordinate at a time",
    options=(SCORES,),
    atlas="AML.T0043.001",
    episode=episode,
)
