"""A copy of the model from the attacker's own records: natural rows, each asked once.

T. Orekondy, B. Schiele, M. Fritz, "Knockoff nets: stealing functionality of black-box models", CVPR 2019 (the random strategy).
"""

import numpy as np

from forensics.emulate.interface import ANY_ROWS, Matrix, TabularBehaviour, TabularClient, TabularEpisode


def episode(client: TabularClient) -> TabularEpisode:
    """The transfer set: what the own population holds, in no order; a training set has no use for a row twice."""
    asked: set[bytes] = set()
    while True:
        fresh: list[Matrix] = []
        while len(fresh) < client.batch:
            row = client.model.admit(client.population(1)[0])
            if row.tobytes() not in asked:
                asked.add(row.tobytes())
                fresh.append(row)
        yield np.array(fresh)


BEHAVIOUR = TabularBehaviour(
    name="knockoff_extraction",
    title="Model extraction with natural rows of another population",
    options=ANY_ROWS,
    atlas="AML.T0024.002",
    episode=episode,
)
