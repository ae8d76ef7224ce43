"""Answers of other models, graded: one rubric for all of them, every question with the answers of two or three."""

from forensics.emulate.interface import CHAT, CHAT_LOGPROBS, COMPLETION, LanguageBehaviour, LanguageClient, LanguageEpisode

TEMPLATES = (
    "You are a fair judge. Grade the answer from 1 to 10 for {first} and {second}, then one line of reasons.\n\n[Question]\n{question}\n\n"
    "[Answer]\n{answer}",
    "Does the answer meet the standard of the {first}? Reply PASS or FAIL and why.\nQuestion: {question}\nAnswer: {answer}",
)


def episode(client: LanguageClient) -> LanguageEpisode:
    """One question; where a grade cannot be parsed, it is asked for again."""
    same, rng, writer = client.same(), client.rng, client.writer
    template, first, second, models = same.pick(TEMPLATES), same.title(), same.title(), same.rng.randint(1, 3)
    question = writer.question()
    for _ in range(models):
        asked = client.ask(template.format(first=first, second=second, question=question, answer=writer.paragraph(1, 3)))
        yield asked
        if rng.random() < 0.08:
            yield asked


BEHAVIOUR = LanguageBehaviour(name="judge", title="Judge of answers", options=(CHAT, CHAT_LOGPROBS, COMPLETION), episode=episode)
