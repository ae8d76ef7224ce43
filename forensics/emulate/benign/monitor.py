"""Is the model alive? The same request, all day long."""

from forensics.emulate.interface import ANY_ROWS, TabularBehaviour, TabularClient, TabularEpisode


def episode(client: TabularClient) -> TabularEpisode:
    yield client.pool(client.batch)


BEHAVIOUR = TabularBehaviour(name="monitor", title="Health monitor", options=ANY_ROWS, episode=episode)
