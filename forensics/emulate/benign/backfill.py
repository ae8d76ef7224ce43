"""A new customer loads the past: natural rows, every one once, none of them ever again."""

from forensics.emulate.interface import ANY_ROWS, TabularBehaviour, TabularClient, TabularEpisode


def episode(client: TabularClient) -> TabularEpisode:
    yield client.natural(64)


BEHAVIOUR = TabularBehaviour(name="backfill", title="Back-fill of a new customer", options=ANY_ROWS, episode=episode)
