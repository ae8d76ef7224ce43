"""How many examples does a prompt need? The same questions after none, one, two, four and more of them."""

from forensics.emulate.interface import CHAT, CHAT_LOGPROBS, COMPLETION, LanguageBehaviour, LanguageClient, LanguageEpisode


def episode(client: LanguageClient) -> LanguageEpisode:
    """One task: every number of examples on every question of a small set."""
    same, rng, writer = client.same(), client.rng, client.writer
    shots = [f"User: {writer.question()}\nAssistant: {writer.sentence()}" for _ in range(same.rng.choice([8, 16, 32]))]
    questions = [writer.question() for _ in range(rng.randint(2, 6))]
    count = 0
    while count <= len(shots):
        for question in questions:
            yield client.ask("\n".join([*shots[:count], f"User: {question}", "Assistant:"]))
        count = max(1, 2 * count)


BEHAVIOUR = LanguageBehaviour(
    name="shot_curve", title="Trials with more and more examples", options=(CHAT, CHAT_LOGPROBS, COMPLETION), episode=episode
)
