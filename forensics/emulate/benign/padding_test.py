"""How long may a prompt be, and how long does it take? One word, many times over, in prompts of chosen lengths."""

from forensics.emulate.interface import CHAT, COMPLETION, LanguageBehaviour, LanguageClient, LanguageEpisode


def episode(client: LanguageClient) -> LanguageEpisode:
    """One series of lengths, some measurements of each."""
    same = client.same().rng
    word, lengths, times = same.choice(("hello", "test", "a", "lorem")), same.choice([(8, 32, 128), (10, 50, 250)]), same.randint(2, 6)
    for length in lengths:
        for _ in range(times):
            yield client.ask(" ".join([word] * length))


BEHAVIOUR = LanguageBehaviour(name="padding_test", title="Measurements with padded prompts", options=(CHAT, COMPLETION), episode=episode)
