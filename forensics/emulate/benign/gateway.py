"""A company behind one key: conversations of many people, one between the other, of whom some ask what they should not."""

from typing import Any

from forensics.emulate.interface import CHAT, CHAT_LOGPROBS, LanguageBehaviour, LanguageClient, LanguageEpisode
from forensics.emulate.words import FORBIDDEN


def episode(client: LanguageClient) -> LanguageEpisode:
    """An hour: some conversations, whose turns come in any order."""
    rng, writer = client.rng, client.writer
    open_ones: list[list[dict[str, Any]]] = [[] for _ in range(rng.randint(2, 8))]
    for _ in range(rng.randint(6, 40)):
        place = rng.randrange(len(open_ones))
        asked = writer.question() if rng.random() < 0.95 else f"Is it allowed to {rng.choice(FORBIDDEN)}? {writer.question()}"
        said = [*open_ones[place], {"role": "user", "content": asked}]
        reply = yield said
        open_ones[place] = [] if rng.random() < 0.3 else [*said, {"role": "assistant", "content": reply.text}]


BEHAVIOUR = LanguageBehaviour(name="gateway", title="Corporate gateway behind one key", options=(CHAT, CHAT_LOGPROBS), episode=episode)
