"""The tests of a program that uses the model: a few fixtures in their order, with every build; some of them are extreme on purpose."""

import numpy as np

from forensics.emulate.interface import ANY_ROWS, TabularBehaviour, TabularClient, TabularEpisode


def episode(client: TabularClient) -> TabularEpisode:
    """One build."""
    model = client.model
    edges = np.vstack([model.low, model.high, (model.low + model.high) / 2])
    fixtures = np.vstack([client.pool(int(client.same().integers(5, 25))), edges])
    for row in fixtures:
        yield row[None, :]


BEHAVIOUR = TabularBehaviour(name="ci_fixtures", title="Fixtures of a continuous integration", options=ANY_ROWS, episode=episode)
