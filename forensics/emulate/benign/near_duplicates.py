"""A catalogue cleared of duplicates: descriptions of goods, many of which differ in a word, a number or the order."""

from forensics.emulate.interface import EMBEDDINGS, LanguageBehaviour, LanguageClient, LanguageEpisode
from forensics.emulate.words import ADJECTIVES, NOUNS


def episode(client: LanguageClient) -> LanguageEpisode:
    """A part of the catalogue, in the order of its suppliers."""
    rng, writer = client.rng, client.writer
    goods: list[str] = []
    while len(goods) < 10 * client.batch:
        words = [rng.choice(ADJECTIVES), rng.choice(NOUNS), "with", writer.many(), str(rng.randint(2, 90)), "pieces", writer.surname()]
        for _ in range(rng.choice([1, 1, 2, 4, 8])):
            goods.append(" ".join(words))
            words[rng.choice((0, 4))] = rng.choice(ADJECTIVES) if rng.random() < 0.4 else str(rng.randint(2, 90))
    for start in range(0, len(goods) - client.batch + 1, client.batch):
        yield tuple(goods[start : start + client.batch])


BEHAVIOUR = LanguageBehaviour(name="near_duplicates", title="Catalogue cleared of duplicates", options=(EMBEDDINGS,), episode=episode)
