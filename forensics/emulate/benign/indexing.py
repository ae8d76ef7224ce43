"""Documents cut into chunks for a search: of about one length, overlapping, and embedded again where a document was edited."""

from forensics.emulate.interface import EMBEDDINGS, LanguageBehaviour, LanguageClient, LanguageEpisode


def episode(client: LanguageClient) -> LanguageEpisode:
    """As many documents as fill a number of calls."""
    same, rng = client.same().rng, client.rng
    size, overlap, by_words = same.choice([12, 25, 40]), same.choice([0, 4, 8]), same.random() < 0.6
    chunks: list[str] = []
    for _ in range(20):
        sentences = [client.writer.sentence() for _ in range(rng.randint(4, 12))]
        for _ in range(1 + (rng.random() < 0.15)):
            words = " ".join(sentences).split()
            cut = [" ".join(words[start : start + size]) for start in range(0, len(words), size - overlap)]
            chunks += cut if by_words else sentences
            sentences[rng.randrange(len(sentences))] = client.writer.sentence()
    for start in range(0, len(chunks) - client.batch + 1, client.batch):
        yield tuple(chunks[start : start + client.batch])


BEHAVIOUR = LanguageBehaviour(name="indexing", title="Chunks of documents for an index", options=(EMBEDDINGS,), episode=episode)
