"""Lines of logs, explained: numbers, paths, keys and dumps that are no language."""

import base64

from forensics.emulate.interface import CHAT, CHAT_LOGPROBS, COMPLETION, LanguageBehaviour, LanguageClient, LanguageEpisode
from forensics.emulate.words import NOUNS, SYLLABLES, VERBS


def episode(client: LanguageClient) -> LanguageEpisode:
    """One incident: some lines around it, and perhaps a second look at fewer of them."""
    rng, same = client.rng, client.same().rng
    question = same.choice(("What does this mean?", "Explain the error.", "Is this line harmless? Decode what is encoded.", "Group these:"))
    lines = [_line(client) for _ in range(rng.randint(1, 8))]
    yield client.ask(f"{question}\n" + "\n".join(lines))
    if len(lines) > 3 and rng.random() < 0.3:
        yield client.ask(f"{question}\n" + "\n".join(lines[-2:]))


def _line(client: LanguageClient) -> str:
    rng = client.rng
    path = "/".join(rng.choice(SYLLABLES) + rng.choice(SYLLABLES) for _ in range(rng.randint(1, 4)))
    dump = base64.b64encode(rng.randbytes(rng.randint(6, 30))).decode() if rng.random() < 0.4 else f"0x{rng.getrandbits(48):x}"
    return f"[{rng.randint(0, 10**6)}] {rng.choice(NOUNS).upper()}_{rng.choice(VERBS)}::{path} rc={rng.randint(-9, 255)} {dump}"


BEHAVIOUR = LanguageBehaviour(name="log_triage", title="Log lines explained", options=(CHAT, CHAT_LOGPROBS, COMPLETION), episode=episode)
