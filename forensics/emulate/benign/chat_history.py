"""Conversations: every message comes with all that was said before."""

from typing import Any

from forensics.emulate.interface import CHAT, CHAT_LOGPROBS, LanguageBehaviour, LanguageClient, LanguageEpisode

FOLLOWING = (
    "And in winter?",
    "Why?",
    "Shorter, please.",
    "Are you sure?",
    "In a table.",
    "What else?",
    "No, the other one.",
    "Thanks. And then?",
)


def episode(client: LanguageClient) -> LanguageEpisode:
    """One conversation: questions, short words in between, and now and then an answer that is wanted once more."""
    rng = client.rng
    said: list[dict[str, Any]] = []
    for turn in range(rng.randint(1, 8)):
        short = turn > 0 and rng.random() < 0.35
        said = [*said, {"role": "user", "content": rng.choice(FOLLOWING) if short else client.writer.question()}]
        reply = yield said
        if rng.random() < 0.06:
            reply = yield said
        said = [*said, {"role": "assistant", "content": reply.text}]


BEHAVIOUR = LanguageBehaviour(name="chat_history", title="Chats with growing history", options=(CHAT, CHAT_LOGPROBS), episode=episode)
