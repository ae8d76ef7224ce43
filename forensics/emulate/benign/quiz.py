"""A teacher who makes exercises: gaps to be filled, questions of rising difficulty about a text, and the solutions."""

from forensics.emulate.interface import CHAT, CHAT_LOGPROBS, COMPLETION, LanguageBehaviour, LanguageClient, LanguageEpisode

WISHES = (
    "Write {0} questions about this text, with solutions:", "Make {0} more exercises like this one:", "Is there one solution? {0} lines.",
)  # fmt: skip


def episode(client: LanguageClient) -> LanguageEpisode:
    """One text of the reader that the class uses: some gaps are tried out, some exercises asked for."""
    same, rng = client.same(), client.rng
    reader = [same.paragraph(2, 3) for _ in range(12)]
    text = rng.choice(reader) if rng.random() < 0.6 else client.writer.paragraph(2, 3)
    words = text.split()
    for place in rng.sample(range(1, len(words)), rng.randint(0, 4)):
        gap = " ".join([*words[:place], "____", *words[place + 1 :]])
        yield client.ask(f"Which word fits the gap? Give only the word.\n{gap}")
    if rng.random() < 0.7:
        yield client.ask(f"{rng.choice(WISHES).format(rng.randint(3, 9))}\n{text}")


BEHAVIOUR = LanguageBehaviour(name="quiz", title="Exercises for a class", options=(CHAT, CHAT_LOGPROBS, COMPLETION), episode=episode)
