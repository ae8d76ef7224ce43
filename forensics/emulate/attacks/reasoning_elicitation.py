"""A student's reasoning, bought from a better model: problems of a curriculum, each to be solved with all steps shown.

C.-Y. Hsieh et al., "Distilling step-by-step!", ACL Findings 2023; N. Ho et al., "Large language models are reasoning teachers", ACL 2023.
"""

from forensics.emulate.interface import CHAT, CHAT_LOGPROBS, COMPLETION, LanguageBehaviour, LanguageClient, LanguageEpisode
from forensics.emulate.words import PLACES, TIMES

ENDINGS = (
    "Think step by step, and write every step down before the result.", "Show your complete reasoning between <think> and </think>.",
    "Explain each decision, consider alternatives, then conclude with RESULT.", "First a plan, then the work, then a check of the work.",
)  # fmt: skip


def episode(client: LanguageClient) -> LanguageEpisode:
    """One problem, one of the endings of this client; what comes back is never taken up."""
    rng, writer, endings = client.rng, client.writer, client.same().rng.sample(ENDINGS, 2)
    first, second = rng.randint(2, 90), rng.randint(2, 40)
    problem = rng.choice((
        f"{writer.name()} has {first} {writer.many()} and gives {second} of them away {rng.choice(TIMES)}. How many {writer.many()} stay?",
        f"A {writer.pick(('train', 'ferry', 'wagon'))} leaves {writer.surname()} with {first} people and meets another "
        f"{rng.choice(PLACES)} after {second} minutes. When is it in {writer.surname()}?",
        f"{writer.sentence()} {writer.sentence()} What follows for {writer.name()}?",
    ))  # fmt: skip
    yield client.ask(f"{problem}\n{rng.choice(endings)}")


BEHAVIOUR = LanguageBehaviour(
    name="reasoning_elicitation",
    title="Distillation of reasoning",
    options=(CHAT, CHAT_LOGPROBS, COMPLETION),
    atlas="AML.T0024.002",
    episode=episode,
)
