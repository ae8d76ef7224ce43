"""A load test: a file of requests, drawn at random, over and over."""

from forensics.emulate.interface import ANY_ROWS, TabularBehaviour, TabularClient, TabularEpisode


def episode(client: TabularClient) -> TabularEpisode:
    requests = client.pool(int(client.same().integers(20, 200)))
    yield requests[client.rng.integers(0, len(requests), client.batch)]


BEHAVIOUR = TabularBehaviour(name="load_test", title="Load test", options=ANY_ROWS, episode=episode)
