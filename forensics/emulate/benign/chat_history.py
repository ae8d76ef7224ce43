"""Conversations: every message comes with all that was said before."""

from typing import Any

from forensics.emulate.interface import CHAT, CHAT_LOGPROBS, LanguageBehaviour, LanguageClient, LanguageEpisode


def episode(client: LanguageClient) -> LanguageEpisode:
    """One conversation."""
    said: list[dict[str, Any]] = []
    for _ in range(client.rng.randint(1, 8)):
        said = [*said, {"role": "user", "content": client.writer.question()}]
        reply = yield said
        said = [*said, {"role": "assistant", "content": reply.text}]


BEHAVIOUR = LanguageBehaviour(name="chat_history", title="Chats with growing history", options=(CHAT, CHAT_LOGPROBS), episode=episode)
