"""Texts of users, sorted with one word and its log-probability; some of them are forbidden, which is the point."""

from forensics.emulate.interface import CHAT_LOGPROBS, LanguageBehaviour, LanguageClient, LanguageEpisode
from forensics.emulate.words import FORBIDDEN


def episode(client: LanguageClient) -> LanguageEpisode:
    """One text."""
    rules = client.same().rng.choice(("Is this text allowed in our forum?", "Does this break rule 4?", "Is the tone of this friendly?"))
    text = client.writer.paragraph(1, 3) if client.rng.random() < 0.8 else f"I want to {client.rng.choice(FORBIDDEN)}."
    yield client.ask(f"{rules} Answer with one word, yes or no.\nText: {text}")


BEHAVIOUR = LanguageBehaviour(name="moderation", title="Moderation with log-probabilities", options=(CHAT_LOGPROBS,), episode=episode)
