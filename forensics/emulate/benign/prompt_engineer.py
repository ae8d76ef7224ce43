"""Somebody who improves a prompt: the same input under a template that changes by a few words from one try to the next."""

from forensics.emulate.interface import CHAT, CHAT_LOGPROBS, COMPLETION, LanguageBehaviour, LanguageClient, LanguageEpisode
from forensics.emulate.words import ADJECTIVES

LINES = (
    "Write {a} and {a2}.", "Use at most {n} words.", "Begin with the {a} part.", "Name your sources.", "Do not repeat the question.",
    "You are a {a} editor.", "Give {n} examples.", "Answer in one paragraph.",
)  # fmt: skip


def episode(client: LanguageClient) -> LanguageEpisode:
    """One task: lines of the template come, go and change; the inputs on which it is tried stay."""
    rng, writer = client.rng, client.writer
    inputs = [writer.paragraph(1, 2) for _ in range(rng.randint(1, 4))]
    template = [_line(client) for _ in range(3)]
    for _ in range(rng.randint(5, 25)):
        for text in inputs:
            yield client.ask(f"{' '.join(template)}\n{text}")
        place = rng.randrange(len(template))
        template[place : place + 1] = [_line(client)] if rng.random() < 0.6 else [template[place], _line(client)][: rng.randint(0, 2)]
        template = template[:6] or [_line(client)]


def _line(client: LanguageClient) -> str:
    pick = client.rng.choice
    return pick(LINES).format(a=pick(ADJECTIVES), a2=pick(ADJECTIVES), n=client.rng.randint(2, 90))


BEHAVIOUR = LanguageBehaviour(name="prompt_engineer", title="Prompt engineer", options=(CHAT, CHAT_LOGPROBS, COMPLETION), episode=episode)
