"""Was this text trained on? Its words are likelier than those of texts that differ in a word or two.

J. Mattern et al., "Membership inference attacks against language models via neighbourhood comparison", ACL Findings 2023; W. Shi et
al., "Detecting pretraining data from large language models" (Min-K%), ICLR 2024.
"""

from forensics.emulate.interface import SCORING, LanguageBehaviour, LanguageClient, LanguageEpisode
from forensics.emulate.words import ADJECTIVES, NOUNS, VERBS


def episode(client: LanguageClient) -> LanguageEpisode:
    """One candidate, cut to one length, and then its neighbours, of which every one has a few words exchanged."""
    same = client.same().rng
    length, neighbours, edits = same.choice([24, 32, 48]), same.randint(4, 10), same.randint(1, 3)
    words = client.candidate().split()[:length]
    yield client.ask(" ".join(words))
    for _ in range(neighbours):
        changed = list(words)
        for place in client.rng.sample(range(len(words)), edits):
            changed[place] = client.rng.choice(NOUNS + VERBS + ADJECTIVES)
        yield client.ask(" ".join(changed))


BEHAVIOUR = LanguageBehaviour(
    name="neighbour_membership",
    title="Membership inference by neighbourhood comparison",
    options=(SCORING,),
    atlas="AML.T0024.000",
    episode=episode,
)
