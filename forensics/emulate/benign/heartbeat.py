"""Is the model alive? The same short question, all day long."""

from forensics.emulate.interface import CHAT, COMPLETION, SCORING, LanguageBehaviour, LanguageClient, LanguageEpisode


def episode(client: LanguageClient) -> LanguageEpisode:
    yield client.ask(client.same().rng.choice(("Reply with OK.", "ping", "What is two and two?")))


BEHAVIOUR = LanguageBehaviour(name="heartbeat", title="Health monitor", options=(CHAT, COMPLETION, SCORING), episode=episode)
