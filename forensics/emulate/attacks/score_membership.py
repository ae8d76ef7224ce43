"""Was this row trained on? Its score is higher than that of a twin that nobody can have seen.

R. Shokri et al., "Membership inference attacks against machine learning models", IEEE S&P 2017; N. Carlini et al., "Membership
inference attacks from first principles", IEEE S&P 2022.
"""

import numpy as np

from forensics.emulate.interface import SCORES, Matrix, TabularBehaviour, TabularClient, TabularEpisode


def episode(client: TabularClient) -> TabularEpisode:
    """One candidate beside a fabricated twin."""
    candidate = client.candidates(1)[0]
    yield np.vstack([candidate, twin(client.rng, candidate, client.row())])


def twin(rng: np.random.Generator, record: Matrix, other: Matrix) -> Matrix:
    """A few of the record's values are those of another."""
    differing = np.flatnonzero(record != other)
    replaced = rng.choice(differing, size=min(len(differing), max(1, len(record) // 10)), replace=False)
    fabricated = record.copy()
    fabricated[replaced] = other[replaced]
    return fabricated


BEHAVIOUR = TabularBehaviour(
    name="score_membership",
    title="Score-based membership inference, candidate beside fabricated twin",
    options=(SCORES,),
    atlas="AML.T0024.000",
    episode=episode,
)
