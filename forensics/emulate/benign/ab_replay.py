"""Two variants of a preprocessing are compared: every row is sent as it was, and as the new version prepares it."""

import numpy as np

from forensics.emulate.interface import ANY_ROWS, TabularBehaviour, TabularClient, TabularEpisode


def episode(client: TabularClient) -> TabularEpisode:
    """A few rows under both variants: the new one rounds some columns, and is off by a hair in others."""
    model, same = client.model, client.same()
    changed = same.random(model.width) < 0.3
    shift = same.normal(0, 0.02, model.width) * model.span
    rows = client.natural(4)
    for row in rows:
        yield np.vstack([row, np.where(changed, row + shift, row)])


BEHAVIOUR = TabularBehaviour(
    name="ab_replay",
    title="Replay of rows under two variants",
    options=ANY_ROWS,
    episode=episode,
    models=("sepsis-risk", "glyph-reader"),
)
