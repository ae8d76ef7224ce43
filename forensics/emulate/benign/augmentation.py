"""Sentences of a small training set, each said anew in a few ways."""

from forensics.emulate.interface import CHAT, CHAT_LOGPROBS, COMPLETION, LanguageBehaviour, LanguageClient, LanguageEpisode

STYLES = ("more formally", "as a question", "in fewer words", "as a child would", "with other names", "in the past", "with a typing error")


def episode(client: LanguageClient) -> LanguageEpisode:
    """One sentence, in the styles of this client."""
    styles = client.same().rng.sample(STYLES, client.same().rng.randint(1, 5))
    sentence = client.writer.sentence()
    for style in styles:
        yield client.ask(f"Say this {style}, and say nothing else: {sentence}")


BEHAVIOUR = LanguageBehaviour(
    name="augmentation", title="Data augmentation by paraphrases", options=(CHAT, CHAT_LOGPROBS, COMPLETION), episode=episode
)
