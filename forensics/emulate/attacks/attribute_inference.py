"""What is the value that is not known of this person? The one under which the model is surest of what is known.

M. Fredrikson et al., "Privacy in pharmacogenetics", USENIX Security 2014.
"""

import numpy as np

from forensics.emulate.interface import SCORES, TabularBehaviour, TabularClient, TabularEpisode


def episode(client: TabularClient) -> TabularEpisode:
    """One person: the unknown column, the same for all of them, is swept over its values."""
    model = client.model
    place = int(client.same().integers(model.width))
    column = model.columns[place]
    steps = int(min(column.high - column.low, 15)) if column.whole else 8
    rows = np.repeat(client.candidates(1), steps + 1, axis=0)
    rows[:, place] = np.linspace(column.low, column.high, steps + 1)
    yield rows


BEHAVIOUR = TabularBehaviour(
    name="attribute_inference",
    title="Attribute inference: one column swept for many records",
    options=(SCORES,),
    atlas="AML.T0024.001",
    episode=episode,
)
