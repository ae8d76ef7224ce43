"""Questions answered from passages that a search found: one template, passages that come back, another question every time."""

from collections.abc import Sequence

from forensics.emulate.interface import CHAT, COMPLETION, LanguageBehaviour, LanguageClient, LanguageEpisode

TEMPLATE = "Answer the question from these passages only. Say so where they do not tell.\n{passages}\nQuestion: {question}"


def episode(client: LanguageClient) -> LanguageEpisode:
    """One question."""
    same = client.same()
    passages = [same.paragraph(1, 2) for _ in range(30)]
    found = client.rng.sample(passages, client.rng.randint(1, 4))
    yield client.ask(TEMPLATE.format(passages=listed(found), question=client.writer.question()), f"You work for {same.surname()} Limited.")


def listed(passages: Sequence[str]) -> str:
    return "\n".join(f"[{number}] {passage}" for number, passage in enumerate(passages, 1))


BEHAVIOUR = LanguageBehaviour(name="retrieval", title="Retrieval templates", options=(CHAT, COMPLETION), episode=episode)
