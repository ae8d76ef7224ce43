"""A new customer: the whole back catalogue in one go, once; after that, what comes in from day to day."""

import numpy as np

from forensics.emulate.interface import ANY_ROWS, TabularBehaviour, TabularClient, TabularEpisode


def episode(client: TabularClient) -> TabularEpisode:
    """The catalogue, in the order of one of its columns, a few records in it twice, as whole calls; then new cases and some known ones."""
    rng, batch = client.rng, client.batch
    calls = -(-int(client.same().integers(40, 400)) // batch)
    catalogue = client.population(calls * batch)
    twice = rng.random(len(catalogue)) < 0.03
    catalogue[twice] = catalogue[rng.integers(0, len(catalogue), twice.sum())]
    catalogue = catalogue[np.argsort(catalogue[:, client.same().integers(client.model.width)], kind="stable")]
    yield catalogue
    while True:
        known = catalogue[rng.integers(0, len(catalogue), batch)]
        yield np.where(rng.random((batch, 1)) < 0.15, known, client.population(batch))


BEHAVIOUR = TabularBehaviour(name="onboarding", title="Back catalogue of a new customer", options=ANY_ROWS, episode=episode)
