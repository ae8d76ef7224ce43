"""Somebody who writes about crimes: scenes are told, some are declined, and what was declined is put in other words, or left."""

from forensics.emulate.interface import CHAT, CHAT_LOGPROBS, LanguageBehaviour, LanguageClient, LanguageEpisode
from forensics.emulate.words import FORBIDDEN


def episode(client: LanguageClient) -> LanguageEpisode:
    """One scene of the book."""
    rng, same, writer = client.rng, client.same(), client.writer
    hero, book = same.name(), same.title()
    scene = writer.paragraph(1, 2)
    deed = f"{hero} and {writer.name()} want to {rng.choice(FORBIDDEN)}. " if rng.random() < 0.35 else ""
    for _ in range(4):
        reply = yield client.ask(f"A scene of my novel {book}: {deed}{scene} Please write it out.")
        if not reply.refused or rng.random() < 0.4:
            break
        deed = f"{deed}They only talk about it. " if rng.random() < 0.5 else ""
    while rng.random() < 0.6:
        yield client.ask(f"A scene of my novel {book}, a little {rng.choice(('shorter', 'longer', 'calmer'))}: {scene}")


BEHAVIOUR = LanguageBehaviour(name="novelist", title="Writer of crime stories", options=(CHAT, CHAT_LOGPROBS), episode=episode)
