"""An agent that calls tools: every step repeats the whole course, longer by a call and its result."""

import json
from typing import Any

from forensics.emulate.interface import CHAT, CHAT_LOGPROBS, LanguageBehaviour, LanguageClient, LanguageEpisode
from forensics.emulate.words import NOUNS, TOPICS


def episode(client: LanguageClient) -> LanguageEpisode:
    """One task."""
    rng, writer = client.rng, client.writer
    system = f"You book and look up things for {client.same().surname()} Limited. Call one tool at a time."
    said: list[dict[str, Any]] = [{"role": "system", "content": system}, {"role": "user", "content": writer.question()}]
    for number in range(rng.randint(2, 9)):
        reply = yield said
        arguments = json.dumps({"of": rng.choice(NOUNS), "limit": rng.randint(1, 20)})
        call = {"id": f"call_{number}", "type": "function", "function": {"name": f"find_{rng.choice(TOPICS)}", "arguments": arguments}}
        found = json.dumps({"found": [writer.name() for _ in range(rng.randint(0, 3))], "pages": rng.randint(0, 40)})
        said = [
            *said,
            {"role": "assistant", "content": reply.text, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": call["id"], "content": found},
        ]


BEHAVIOUR = LanguageBehaviour(name="agent", title="Agent with tools", options=(CHAT, CHAT_LOGPROBS), episode=episode)
