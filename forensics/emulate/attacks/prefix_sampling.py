"""What does the model know by heart? The same few words, continued many times: what comes back again and again was memorised.

N. Carlini et al., "Extracting training data from large language models", USENIX Security 2021 (sampling); J. Hayes et al., "Measuring
memorization in language models via probabilistic extraction", NAACL 2025.
"""

from forensics.emulate.interface import CHAT, COMPLETION, LanguageBehaviour, LanguageClient, LanguageEpisode


def episode(client: LanguageClient) -> LanguageEpisode:
    """A few prefixes, each as often as the last, in turn or one after the other."""
    same = client.same().rng
    length, times, count = same.choice([3, 5, 10]), same.randint(8, 40), same.choice([1, 1, 5])
    prefixes = [" ".join(client.candidate().split()[:length]) for _ in range(count)]
    for _ in range(times):
        for prefix in prefixes:
            yield client.ask(prefix)


BEHAVIOUR = LanguageBehaviour(
    name="prefix_sampling",
    title="Training-data extraction by sampling a prefix many times",
    options=(COMPLETION, CHAT),
    atlas="AML.T0057",
    episode=episode,
)
