"""Which of these rows were trained on? First all of them, then as many twins that nobody can have seen, and the scores are compared.

As `score_membership`, from a list: R. Shokri et al., IEEE S&P 2017; B. Jayaraman et al., "Revisiting membership inference under realistic
assumptions", PoPETs 2021 (Merlin: how the loss changes between a record and its disturbed copies).
"""

import numpy as np

from forensics.emulate.attacks.score_membership import twin
from forensics.emulate.interface import SCORES, TabularBehaviour, TabularClient, TabularEpisode


def episode(client: TabularClient) -> TabularEpisode:
    """One list, and the list of its twins: fields swapped among the candidates themselves, in the same order or in another."""
    rng, same = client.rng, client.same()
    shuffled = same.random() < 0.5
    candidates = client.candidates(int(same.integers(8, 33)))
    yield candidates
    twins = np.array([twin(rng, row, other) for row, other in zip(candidates, np.roll(candidates, 1, axis=0), strict=True)])
    yield rng.permutation(twins) if shuffled else twins


BEHAVIOUR = TabularBehaviour(
    name="candidate_blocks",
    title="Score-based membership inference, a list and the list of its twins",
    options=(SCORES,),
    atlas="AML.T0024.000",
    episode=episode,
)
