"""What people look for: questions and a few words, some of them again and again, some typed letter by letter."""

from forensics.emulate.interface import EMBEDDINGS, LanguageBehaviour, LanguageClient, LanguageEpisode
from forensics.emulate.words import ADJECTIVES, NOUNS, PLACES, TOPICS


def episode(client: LanguageClient) -> LanguageEpisode:
    """As many searches as fit into a number of calls."""
    rng, same = client.rng, client.same()
    popular, typing = [same.question() for _ in range(15)], same.rng.random() < 0.3
    asked: list[str] = []
    for _ in range(10 * client.batch):
        short = f"{rng.choice(ADJECTIVES)} {rng.choice(NOUNS)} {rng.choice((*PLACES, *TOPICS))}"
        text = rng.choice(popular) if rng.random() < 0.25 else client.writer.question() if rng.random() < 0.4 else short
        asked += [text[:end] for end in range(rng.randint(3, 8), len(text), rng.randint(3, 9))] if typing else []
        asked.append(text)
    for start in range(0, len(asked) - client.batch + 1, client.batch):
        yield tuple(asked[start : start + client.batch])


BEHAVIOUR = LanguageBehaviour(name="search", title="Search queries", options=(EMBEDDINGS,), episode=episode)
