"""The stock of cases, scored from first to last, and again from the first when it is through: most of them are as they were."""

import numpy as np

from forensics.emulate.interface import ANY_ROWS, TabularBehaviour, TabularClient, TabularEpisode


def episode(client: TabularClient) -> TabularEpisode:
    """One run."""
    stock = client.pool(int(client.same().integers(60, 300)))
    renewed = client.rng.random(len(stock)) < 0.1
    yield np.where(renewed[:, None], client.natural(len(stock)), stock)


BEHAVIOUR = TabularBehaviour(name="nightly_batch", title="Nightly batch", options=ANY_ROWS, episode=episode)
