"""Was this text trained on? An excerpt of it holds few words that surprise the model.

W. Shi et al., "Detecting pretraining data from large language models" (Min-K%), ICLR 2024.
"""

from forensics.emulate.interface import SCORING, LanguageBehaviour, LanguageClient, LanguageEpisode


def episode(client: LanguageClient) -> LanguageEpisode:
    """A list of candidates: of each an excerpt as long as all others, from its beginning or from anywhere in it."""
    same = client.same().rng
    length, anywhere = same.choice([16, 24, 32, 48]), same.random() < 0.5
    for candidate in client.candidates():
        words = candidate.split()
        start = client.rng.randint(0, max(len(words) - length, 0)) if anywhere else 0
        yield client.ask(" ".join(words[start : start + length]))


BEHAVIOUR = LanguageBehaviour(
    name="excerpt_membership",
    title="Membership inference by the least likely words of excerpts",
    options=(SCORING,),
    atlas="AML.T0024.000",
    episode=episode,
)
