"""A question answered many times over, so that the most frequent answer can be taken."""

from forensics.emulate.interface import CHAT, COMPLETION, LanguageBehaviour, LanguageClient, LanguageEpisode


def episode(client: LanguageClient) -> LanguageEpisode:
    """One question, as often as every other."""
    same = client.same()
    asked = client.ask(f"{client.writer.question()} {same.pick(('Think it over, then answer.', 'Short answer:', 'Answer:'))}")
    for _ in range(same.rng.choice([5, 10, 20, 40])):
        yield asked


BEHAVIOUR = LanguageBehaviour(name="self_consistency", title="Many answers to one question", options=(CHAT, COMPLETION), episode=episode)
