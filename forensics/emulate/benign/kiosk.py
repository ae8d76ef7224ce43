"""A counter with few walk-in customers: each fills in a form and mostly mistypes a field or two; some have been here before."""

import numpy as np

from forensics.emulate.interface import ANY_ROWS, TabularBehaviour, TabularClient, TabularEpisode


def episode(client: TabularClient) -> TabularEpisode:
    """One customer: the form as first typed in, and again after every correction."""
    rng = client.rng
    regulars = client.pool(int(client.same().integers(5, 20)))
    row = regulars[rng.integers(len(regulars))] if rng.random() < 0.3 else client.row()
    other = client.row()
    differing = np.flatnonzero(row != other)
    mistyped = rng.choice(differing, size=min(len(differing), int(rng.choice(3, p=[0.3, 0.45, 0.25]))), replace=False)
    typed = row.copy()
    typed[mistyped] = other[mistyped]
    yield typed[None, :]
    for place in mistyped:
        typed[place] = row[place]
        yield typed[None, :]


BEHAVIOUR = TabularBehaviour(name="kiosk", title="Counter with walk-in customers", options=ANY_ROWS, episode=episode)
