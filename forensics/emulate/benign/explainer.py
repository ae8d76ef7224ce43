"""An explanation for a decision: the row with columns masked by those of other rows, or disturbed around it.

S. Lundberg, S.-I. Lee, "A unified approach to interpreting model predictions" (SHAP), NIPS 2017; M. Ribeiro et al., "Why should I
trust you?" (LIME), KDD 2016.
"""

import numpy as np

from forensics.emulate.interface import ANY_ROWS, TabularBehaviour, TabularClient, TabularEpisode


def episode(client: TabularClient) -> TabularEpisode:
    """One decision explained, in the way that this client always uses."""
    model, rng, same = client.model, client.rng, client.same()
    count = int(same.integers(16, 65))
    masking = same.random() < 0.5
    row = client.row()
    if masking:
        background = client.pool(8)
        hidden = rng.random((count, model.width)) < rng.uniform(0.1, 0.9, (count, 1))
        rows = np.where(hidden, background[rng.integers(0, len(background), count)], row)
    else:
        near = row + rng.normal(0, 0.12, (count, model.width)) * model.span
        categories = np.array([c.kind in ("code", "flag") for c in model.columns])
        rows = np.where(categories & (rng.random(near.shape) < 0.3), client.natural(count), near)
    yield np.vstack([row, rows])


BEHAVIOUR = TabularBehaviour(name="explainer", title="SHAP or LIME explanations", options=ANY_ROWS, episode=episode)
