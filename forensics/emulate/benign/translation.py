"""A long document, translated piece by piece, the last sentence of each piece carried over into the next."""

from forensics.emulate.interface import CHAT, COMPLETION, LanguageBehaviour, LanguageClient, LanguageEpisode


def episode(client: LanguageClient) -> LanguageEpisode:
    """One document."""
    language = client.same().rng.choice(("French", "German", "Polish", "Portuguese"))
    sentences = [client.writer.sentence() for _ in range(client.rng.randint(8, 30))]
    for start in range(0, len(sentences), 3):
        yield client.ask(f"Translate into {language}, names stay as they are:\n{' '.join(sentences[max(start - 1, 0) : start + 3])}")


BEHAVIOUR = LanguageBehaviour(name="translation", title="Translation in pieces", options=(CHAT, COMPLETION), episode=episode)
