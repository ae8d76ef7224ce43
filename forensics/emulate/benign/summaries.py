"""Documents and their summaries: a few templates, every document once, long ones in parts and then the parts together."""

from forensics.emulate.interface import CHAT, CHAT_LOGPROBS, COMPLETION, LanguageBehaviour, LanguageClient, LanguageEpisode


def episode(client: LanguageClient) -> LanguageEpisode:
    """One document."""
    same, rng = client.same(), client.rng
    template = f"Summarise in at most {same.rng.choice((20, 50, 100))} words for the {same.pick(('board', 'press', 'archive'))}:"
    parts = [client.writer.document() for _ in range(rng.choice([1, 1, 1, 3, 5]))]
    short = []
    for part in parts:
        reply = yield client.ask(f"{template}\n{part}")
        short.append(reply.text)
    if len(parts) > 1:
        yield client.ask(f"{template}\n{' '.join(short)}")


BEHAVIOUR = LanguageBehaviour(name="summaries", title="Summaries of documents", options=(CHAT, CHAT_LOGPROBS, COMPLETION), episode=episode)
