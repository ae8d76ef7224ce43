"""Was this row trained on? Its score is higher than that of a twin that nobody can have seen.

R. Shokri et al., "Membership inference attacks against machine learning models", IEEE S&P 2017; N. Carlini et al., "Membership
inference attacks from first principles", IEEE S&P 2022.
"""

import numpy as np

from forensics.emulate.interface import SCORES, TabularBehaviour, TabularClient, TabularEpisode


def episode(client: TabularClient) -> TabularEpisode:
    """One candidate beside a fabricated twin: a few of its values are those of another record."""
    candidate = client.candidates(1)[0]
    other = client.row()
    differing = np.flatnonzero(candidate != other)
    if not len(differing):
        return
    replaced = client.rng.choice(differing, size=min(len(differing), max(1, client.model.width // 10)), replace=False)
    twin = candidate.copy()
    twin[replaced] = other[replaced]
    yield np.vstack([candidate, twin])


BEHAVIOUR = TabularBehaviour(
    name="score_membership",
    title="Score-based membership inference, candidate beside fabricated twin",
    options=(SCORES,),
    atlas="AML.T0024.000",
    episode=episode,
)
