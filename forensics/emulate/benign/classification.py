"""Tickets sorted into departments by one word and its log-probability: a few examples, then the ticket."""

from forensics.emulate.interface import CHAT_LOGPROBS, LanguageBehaviour, LanguageClient, LanguageEpisode

TASKS = (
    ("department", ("billing", "delivery", "complaint")), ("tone", ("positive", "negative", "neutral")),
    ("section", ("fiction", "news", "sport")), ("kind", ("praise", "complaint", "spam")),
)  # fmt: skip


def episode(client: LanguageClient) -> LanguageEpisode:
    """One ticket; some come twice, and long ones are cut to what fits."""
    same, rng = client.same(), client.rng
    what, labels = same.rng.choice(TASKS)
    offered = f"{', '.join(labels[:-1])} or {labels[-1]}"
    examples = "\n".join(f"{same.sentence()} => {same.pick(labels)}" for _ in range(same.rng.randint(0, 3)))
    text = " ".join(client.writer.paragraph(1, 4).split()[:40])
    for _ in range(1 + (rng.random() < 0.05)):
        yield client.ask(f"Which {what} is this? Answer in one word: {offered}.\n{examples}\n{text}")


BEHAVIOUR = LanguageBehaviour(
    name="classification", title="Classification with log-probabilities", options=(CHAT_LOGPROBS,), episode=episode
)
