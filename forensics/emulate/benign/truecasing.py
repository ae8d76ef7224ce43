"""Capitals for what was dictated: each sentence scored as it came, in lower case, and with the capitals that it may have."""

from forensics.emulate.interface import SCORING, LanguageBehaviour, LanguageClient, LanguageEpisode


def episode(client: LanguageClient) -> LanguageEpisode:
    """One sentence; where it is short, one variant is enough."""
    rng = client.rng
    plain = client.writer.sentence().lower()
    variants = [plain, plain.capitalize(), plain.title()]
    variants += [" ".join(word.capitalize() if rng.random() < 0.3 else word for word in plain.split()) for _ in range(rng.randint(0, 3))]
    for text in variants if len(plain.split()) > 9 else variants[:2]:
        yield client.ask(text)


BEHAVIOUR = LanguageBehaviour(name="truecasing", title="Capitals chosen by likelihood", options=(SCORING,), episode=episode)
