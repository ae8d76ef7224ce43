"""A copy of an embedding model: its vectors for fragments from all over the language, each asked for once.

Y. Liu et al., "StolenEncoder: stealing pre-trained encoders in self-supervised learning", CCS 2022; A. Dziedzic et al., "Sentence
embedding encoders are easy to steal but hard to defend", ICLR workshops 2023.
"""

from forensics.emulate.interface import EMBEDDINGS, LanguageBehaviour, LanguageClient, LanguageEpisode


def episode(client: LanguageClient) -> LanguageEpisode:
    """One call: fragments of several words, cut out of sentences or shuffled."""
    shuffles = client.same().rng.random() < 0.5
    yield tuple(_fragment(client, shuffles) for _ in range(client.batch))


def _fragment(client: LanguageClient, shuffles: bool) -> str:
    rng = client.rng
    words = client.writer.paragraph(1, 2).split()
    length = rng.randint(2, 12)
    start = rng.randrange(max(len(words) - length, 1))
    taken = words[start : start + length]
    return " ".join(rng.sample(taken, len(taken)) if shuffles else taken)


BEHAVIOUR = LanguageBehaviour(
    name="embedding_extraction",
    title="Extraction of an embedding model with scattered fragments",
    options=(EMBEDDINGS,),
    atlas="AML.T0024.002",
    episode=episode,
)
