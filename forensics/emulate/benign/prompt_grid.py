"""Prompts compared by their authors: a few drafts times a list of test cases, some times each, run again after every change."""

from forensics.emulate.interface import CHAT, CHAT_LOGPROBS, COMPLETION, LanguageBehaviour, LanguageClient, LanguageEpisode
from forensics.emulate.words import ADJECTIVES, Writer

DRAFTS = (
    "You are a {a} editor. Rewrite: {{0}}", "{{0}}\n\nMake this {a}, in {d} words.", "Task: {a} answer.\nInput: {{0}}\nOutput:",
    "Answer {a}, and say so where you cannot: {{0}}", "### Text\n{{0}}\n### A {a} summary\n",
)  # fmt: skip


def episode(client: LanguageClient) -> LanguageEpisode:
    """One run of the grid: the cases are the same as ever, one of the drafts is new."""
    same, writer = client.same(), client.writer
    drafts = [_draft(same) for _ in range(same.rng.randint(1, 4))]
    cases, times = [same.question() for _ in range(same.rng.randint(4, 15))], same.rng.choice([1, 1, 3])
    for draft in [*drafts, _draft(writer)]:
        for case in cases:
            for _ in range(times):
                yield client.ask(draft.format(case))


def _draft(writer: Writer) -> str:
    return writer.pick(DRAFTS).format(a=writer.pick(ADJECTIVES), d=writer.rng.randint(5, 90))


BEHAVIOUR = LanguageBehaviour(
    name="prompt_grid", title="Grid of prompts and test cases", options=(CHAT, CHAT_LOGPROBS, COMPLETION), episode=episode
)
