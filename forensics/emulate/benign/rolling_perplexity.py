"""How well does the model know the language? Known texts from first to last in windows of one length, each overlapping the one before."""

from forensics.emulate.interface import SCORING, LanguageBehaviour, LanguageClient, LanguageEpisode


def episode(client: LanguageClient) -> LanguageEpisode:
    """One text of the test collection, which is public: the model may well have read it."""
    same = client.same().rng
    window = same.choice([20, 32, 40])
    stride = window // same.choice([1, 2, 2])
    words = client.candidate().split()
    for start in range(0, len(words), stride):
        yield client.ask(" ".join(words[start : start + window]))
        if start + window >= len(words):
            return


BEHAVIOUR = LanguageBehaviour(
    name="rolling_perplexity", title="Perplexity in windows over known texts", options=(SCORING,), episode=episode
)
