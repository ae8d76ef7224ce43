"""The text behind a stolen vector: guesses are embedded, and the nearest is corrected, until the vectors meet.

J. Morris et al., "Text embeddings reveal (almost) as much as text" (Vec2Text), EMNLP 2023.
"""

from collections.abc import Sequence

import numpy as np

from forensics.emulate.interface import EMBEDDINGS, LanguageBehaviour, LanguageClient, LanguageEpisode


def episode(client: LanguageClient) -> LanguageEpisode:
    """One vector: rounds of hypotheses, each the best so far with a few words exchanged."""
    rng, writer, pool = client.rng, client.writer, client.model.vocabulary
    target = np.array(client.model.embed([writer.sentence()]).vectors[0])
    best, nearest = writer.sentence().split(), -1.0
    for _ in range(40):
        hypotheses = [_changed(client, best, pool) for _ in range(client.batch)]
        reply = yield tuple(map(" ".join, hypotheses))
        near = np.array(reply.vectors) @ target
        if near.max() > nearest:
            best, nearest = hypotheses[int(near.argmax())], float(near.max())
        if nearest > 0.95 or (nearest < 0.2 and rng.random() < 0.05):
            return


def _changed(client: LanguageClient, words: list[str], pool: Sequence[str]) -> list[str]:
    changed = list(words)
    for place in client.rng.sample(range(len(changed)), min(len(changed), client.rng.randint(1, 2))):
        changed[place] = client.rng.choice(pool)
    return changed


BEHAVIOUR = LanguageBehaviour(
    name="embedding_inversion",
    title="Inversion of embeddings by corrected guesses",
    options=(EMBEDDINGS,),
    atlas="AML.T0024.001",
    episode=episode,
)
