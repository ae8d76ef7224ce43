"""People who fill in a form, and now and then correct what they mistyped."""

from forensics.emulate.interface import ANY_ROWS, TabularBehaviour, TabularClient, TabularEpisode


def episode(client: TabularClient) -> TabularEpisode:
    """One form."""
    rng = client.rng
    row = client.row()
    if rng.random() < 0.2:
        mistyped = row.copy()
        place = rng.integers(client.model.width)
        mistyped[place] = client.row()[place]
        yield mistyped[None, :]
    yield row[None, :]


BEHAVIOUR = TabularBehaviour(name="interactive", title="Forms filled in by people", options=ANY_ROWS, episode=episode)
