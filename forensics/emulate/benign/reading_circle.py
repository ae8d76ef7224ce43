"""Readers of known books: a passage is copied out, and something asked about it."""

from forensics.emulate.interface import CHAT, CHAT_LOGPROBS, COMPLETION, LanguageBehaviour, LanguageClient, LanguageEpisode

QUESTIONS = (
    "Who is meant by this?", "What is the author getting at?", "In plain words?", "Is that from {title}?", "What happened before?",
    "Why does {name} say so?", "Which chapter is this, and how does it go on?",
)  # fmt: skip


def episode(client: LanguageClient) -> LanguageEpisode:
    """One passage, whole sentences; some questions about it."""
    rng, writer = client.rng, client.writer
    sentences = client.candidate().split(". ")
    start = rng.randrange(len(sentences))
    passage = ". ".join(sentences[start : start + rng.randint(1, 4)]).strip(".") + "."
    for _ in range(rng.randint(1, 3)):
        question = rng.choice(QUESTIONS).format(title=writer.title(), name=writer.name())
        yield client.ask(f"{passage}\n{question}" if rng.random() < 0.6 else f"{question} {passage}")


BEHAVIOUR = LanguageBehaviour(
    name="reading_circle", title="Questions about passages of known books", options=(CHAT, CHAT_LOGPROBS, COMPLETION), episode=episode
)
