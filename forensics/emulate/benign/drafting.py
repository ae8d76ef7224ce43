"""A word processor that suggests how to go on: the last words before the cursor, wherever a sentence stands."""

from forensics.emulate.interface import CHAT, COMPLETION, LanguageBehaviour, LanguageClient, LanguageEpisode


def episode(client: LanguageClient) -> LanguageEpisode:
    """One letter: with some pauses a suggestion is wanted, and now and then taken."""
    rng, same = client.rng, client.same().rng
    window = same.choice([12, 20, 40])
    written = client.writer.document().split()
    end = rng.randint(3, 8)
    while end < len(written):
        reply = yield client.ask(" ".join(written[max(end - window, 0) : end]))
        if rng.random() < 0.2:
            written[end:end] = reply.text.split()[:4]
        end += rng.randint(1, 15)


BEHAVIOUR = LanguageBehaviour(name="drafting", title="Suggestions in a word processor", options=(COMPLETION, CHAT), episode=episode)
