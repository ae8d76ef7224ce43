"""An evaluation harness: the same few examples before every question, every question once, answers compared by likelihood or by text."""

from forensics.emulate.interface import CHAT_LOGPROBS, COMPLETION, SCORING, LanguageBehaviour, LanguageClient, LanguageEpisode


def episode(client: LanguageClient) -> LanguageEpisode:
    """One question; where likelihoods are compared, once with each of the possible answers."""
    same, writer = client.same(), client.writer
    shots = "\n".join(f"Question: {same.question()}\nAnswer: {same.name()}" for _ in range(same.rng.randint(1, 4)))
    question = f"{shots}\nQuestion: {writer.question()}\nAnswer:"
    if client.option != SCORING:
        yield client.ask(question)
        return
    for _ in range(4):
        yield client.ask(f"{question} {writer.name()}")


BEHAVIOUR = LanguageBehaviour(name="evaluation", title="Evaluation harness", options=(SCORING, COMPLETION, CHAT_LOGPROBS), episode=episode)
