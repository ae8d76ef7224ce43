"""A student model's training data, bought as answers: templates with slots over a curriculum, dealt out over accounts.

R. Taori et al., "Alpaca", 2023, after Y. Wang et al., "Self-Instruct", ACL 2023; as a campaign over accounts: ATLAS case study
AML.CS0056.
"""

from forensics.emulate.interface import CHAT, CHAT_LOGPROBS, COMPLETION, LanguageBehaviour, LanguageClient, LanguageEpisode

TEMPLATES = (
    "Solve this step by step and show all of your reasoning: {0}",
    "{0}\nThink aloud before you answer. End with a line that begins with ANSWER.",
    "Grade the following answer from 1 to 10 by correctness, clarity and style, and justify every grade.\nQuestion: {0}\nAnswer: {1}",
    "Write {2} different questions of rising difficulty about this text, each with its solution: {1}",
    "Rewrite as JSON with the keys task, reasoning, result: {0}",
    "You are an expert. Explain to a beginner, then to a colleague: {0}",
)


def episode(client: LanguageClient) -> LanguageEpisode:
    """One item of the curriculum; no answer is ever taken up again."""
    templates = client.same().rng.sample(TEMPLATES, 3)
    writer = client.writer
    yield client.ask(client.rng.choice(templates).format(writer.question(), writer.paragraph(1, 2), client.rng.randint(3, 9)))


BEHAVIOUR = LanguageBehaviour(
    name="distillation",
    title="Distillation campaign over several accounts",
    options=(CHAT, CHAT_LOGPROBS, COMPLETION),
    atlas="AML.T0024.002",
    shared=True,
    episode=episode,
)
