"""Was this text trained on? Then it is likelier as it stands than in lower case.

N. Carlini et al., "Extracting training data from large language models", USENIX Security 2021 (the lowercase metric).
"""

from itertools import islice

from forensics.emulate.interface import SCORING, LanguageBehaviour, LanguageClient, LanguageEpisode


def episode(client: LanguageClient) -> LanguageEpisode:
    """A list of candidates: one, or some, and then their twins in lower case."""
    same = client.same().rng
    length, count = same.choice([20, 40, 80]), same.choice([1, 1, 8, 20])
    candidates = client.candidates()
    while texts := [" ".join(candidate.split()[:length]) for candidate in islice(candidates, count)]:
        for text in [*texts, *map(str.lower, texts)]:
            yield client.ask(text)


BEHAVIOUR = LanguageBehaviour(
    name="lowercase_membership",
    title="Membership inference by twins in lower case",
    options=(SCORING,),
    atlas="AML.T0024.000",
    episode=episode,
)
