"""A class with one exercise: everybody asks about the same text, in their own words, and some copy from their neighbour."""

from forensics.emulate.interface import CHAT, COMPLETION, LanguageBehaviour, LanguageClient, LanguageEpisode

WISHES = (
    "Summarise this in {0} sentences:", "What is the main point?", "Please shorten this to {0} words.", "Explain this to me step by step.",
    "Find {0} mistakes in this text:", "Write the opposite of this:", "Continue in the same style:", "Is this a good beginning? Be honest.",
)  # fmt: skip


def episode(client: LanguageClient) -> LanguageEpisode:
    """One try."""
    same, rng = client.same(), client.rng
    exercise, part = same.paragraph(3, 5), same.sentence()
    wish = rng.choice(WISHES).format(rng.choice((3, 5, 20, 50)))
    yield client.ask(f"{wish}\n{exercise}" if rng.random() < 0.7 else f"{wish} {part} {client.writer.sentence()}")


BEHAVIOUR = LanguageBehaviour(name="students", title="A class with one exercise", options=(CHAT, COMPLETION), shared=True, episode=episode)
