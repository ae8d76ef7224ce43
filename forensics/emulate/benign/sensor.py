"""A sensor: every row is the last one, a little further on."""

import numpy as np

from forensics.emulate.interface import ANY_ROWS, TabularBehaviour, TabularClient, TabularEpisode


def episode(client: TabularClient) -> TabularEpisode:
    """One device, which pulls back to its normal state."""
    model, rng = client.model, client.rng
    rest = client.row()
    moves = np.array([c.kind in ("int", "float") for c in model.columns])
    state = rest.copy()
    while True:
        state = np.where(moves, rest + 0.9 * (state - rest) + rng.normal(0, 0.02, model.width) * model.span, rest)
        yield state[None, :]


BEHAVIOUR = TabularBehaviour(
    name="sensor", title="Stream of a sensor", options=ANY_ROWS, episode=episode, models=("sepsis-risk", "glyph-reader")
)
