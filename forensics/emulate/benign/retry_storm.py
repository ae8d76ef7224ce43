"""A client whose timeout is too short: it asks again before the answer is there, many times."""

from forensics.emulate.interface import ANY_ROWS, TabularBehaviour, TabularClient, TabularEpisode


def episode(client: TabularClient) -> TabularEpisode:
    """One request, and its repetitions."""
    rows = client.natural(client.batch)
    for _ in range(1 + int(client.rng.geometric(0.2))):
        yield rows


BEHAVIOUR = TabularBehaviour(name="retry_storm", title="Retry storm", options=ANY_ROWS, episode=episode)
