"""How good is the model? Data scientists of the house run their test set, and for comparison rows that it was trained on."""

from forensics.emulate.interface import ANY_ROWS, TabularBehaviour, TabularClient, TabularEpisode


def episode(client: TabularClient) -> TabularEpisode:
    """A part of the set; every row once."""
    yield client.candidates(32) if client.same().random() < 0.4 else client.natural(32)


BEHAVIOUR = TabularBehaviour(name="test_set", title="Run of a test set", options=ANY_ROWS, episode=episode)
