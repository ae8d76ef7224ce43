"""A copy of the model from inputs drawn uniformly between the bounds of every column.

F. Tramer et al., "Stealing machine learning models via prediction APIs", USENIX Security 2016 (the retraining baseline).
"""

from forensics.emulate.interface import ANY_ROWS, TabularBehaviour, TabularClient, TabularEpisode


def episode(client: TabularClient) -> TabularEpisode:
    model = client.model
    yield model.low + client.rng.random((16, model.width)) * model.span


BEHAVIOUR = TabularBehaviour(
    name="random_extraction",
    title="Model extraction with uniformly drawn inputs",
    options=ANY_ROWS,
    atlas="AML.T0024.002",
    episode=episode,
)
