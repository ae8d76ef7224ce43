"""A course that explains exercises step by step: one template, a syllabus, and questions of pupils who did not follow."""

from typing import Any

from forensics.emulate.interface import CHAT, CHAT_LOGPROBS, LanguageBehaviour, LanguageClient, LanguageEpisode

DOUBTS = ("Why?", "I do not understand the second step.", "Could you show that with smaller numbers?", "So the answer is {0}?")


def episode(client: LanguageClient) -> LanguageEpisode:
    """One pupil at one exercise."""
    same, rng, writer = client.same(), client.rng, client.writer
    system = f"You are a tutor at {same.surname()} College. Explain step by step, show your reasoning, do not give the result away."
    exercises = [f"{same.name()} has {same.rng.randint(2, 90)} {same.many()}. {same.question()}" for _ in range(40)]
    said: list[dict[str, Any]] = [
        {"role": "system", "content": system},
        {"role": "user", "content": f"Exercise: {rng.choice(exercises) if rng.random() < 0.7 else writer.question()}"},
    ]
    while True:
        reply = yield said
        if rng.random() < 0.6:
            return
        doubt = rng.choice(DOUBTS).format(rng.randint(2, 400))
        said = [*said, {"role": "assistant", "content": reply.text}, {"role": "user", "content": doubt}]


BEHAVIOUR = LanguageBehaviour(name="tutor", title="Tutor of a course", options=(CHAT, CHAT_LOGPROBS), episode=episode)
