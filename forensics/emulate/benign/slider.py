"""What if? Somebody moves the sliders of a form and watches the score."""

import numpy as np

from forensics.emulate.interface import ANY_ROWS, TabularBehaviour, TabularClient, TabularEpisode


def episode(client: TabularClient) -> TabularEpisode:
    """One case: a few of its columns, each moved back and forth, mostly step by step."""
    model, rng = client.model, client.rng
    row = client.row()
    yield row[None, :]
    for place in rng.choice(model.width, size=int(rng.integers(1, 5)), replace=False):
        steps = int(rng.integers(3, 14))
        low, high = sorted(rng.uniform(model.low[place], model.high[place], 2).tolist())
        path = np.linspace(low, high, steps)
        path = np.unique(np.rint(path)) if model.whole[place] else path
        for value in path if rng.random() < 0.5 else path[::-1]:
            moved = row.copy()
            moved[place] = value
            yield moved[None, :]
        if rng.random() < 0.5:
            row[place] = value


BEHAVIOUR = TabularBehaviour(name="slider", title="What-if sliders", options=ANY_ROWS, episode=episode)
