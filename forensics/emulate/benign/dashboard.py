"""A dashboard that shows some machines or wards: the same rows again and again, their measured values a little different every time."""

import numpy as np

from forensics.emulate.interface import ANY_ROWS, TabularBehaviour, TabularClient, TabularEpisode


def episode(client: TabularClient) -> TabularEpisode:
    """One refresh of the screen."""
    model = client.model
    tiles = client.pool(int(client.same().integers(4, 20)))
    noise = client.rng.normal(0, 0.01, tiles.shape) * model.span
    flags = np.array([c.kind in ("flag", "code") for c in model.columns])
    yield np.where(flags, tiles, tiles + noise)


BEHAVIOUR = TabularBehaviour(
    name="dashboard",
    title="Dashboard that re-sends jittered rows",
    options=ANY_ROWS,
    episode=episode,
    models=("sepsis-risk", "glyph-reader"),
)
