"""A reward model, bought as grades: answers of every kind, graded by ever other rubrics, two at a time or alone.

H. Lee et al., "RLAIF: scaling reinforcement learning from human feedback with AI feedback", ICML 2024; S. Kim et al., "Prometheus: inducing
fine-grained evaluation capability in language models", ICLR 2024 (rubrics made for the purpose).
"""

from forensics.emulate.interface import CHAT, CHAT_LOGPROBS, COMPLETION, LanguageBehaviour, LanguageClient, LanguageEpisode
from forensics.emulate.words import ADJECTIVES, TOPICS

TEMPLATES = (
    "Grade by this rubric, with reasons for each grade.\nRubric: {rubric}\nQuestion: {question}\nAnswer: {first}",
    "Which answer is better under this rubric? Argue, then decide.\nRubric: {rubric}\n{question}\nA: {first}\nB: {second}",
    "Rubric: {rubric}\nWrite an answer to this question for each grade from 1 to 5: {question}",
)


def episode(client: LanguageClient) -> LanguageEpisode:
    """One item: its own rubric, question and answers."""
    rng, writer = client.rng, client.writer
    rubric = ", ".join(f"{rng.randint(1, 5)} for a text that is {rng.choice(ADJECTIVES)} on {rng.choice(TOPICS)}" for _ in range(3))
    template = rng.choice(client.same().rng.sample(TEMPLATES, 2))
    yield client.ask(
        template.format(rubric=rubric, question=writer.question(), first=writer.paragraph(1, 2), second=writer.paragraph(1, 2))
    )


BEHAVIOUR = LanguageBehaviour(
    name="rubric_distillation",
    title="Distillation of grades by made-up rubrics",
    options=(CHAT, CHAT_LOGPROBS, COMPLETION),
    atlas="AML.T0024.002",
    episode=episode,
)
