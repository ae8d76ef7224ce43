"""A fixed set of questions, run night after night: multiple choice by likelihood where it can be had, free answers elsewhere."""

from forensics.emulate.interface import CHAT, CHAT_LOGPROBS, COMPLETION, SCORING, LanguageBehaviour, LanguageClient, LanguageEpisode


def episode(client: LanguageClient) -> LanguageEpisode:
    """One run, in the order of the set; only the model has changed since the last."""
    same = client.same()
    shots = "".join(f"Question: {same.question()}\nAnswer: {same.surname()}\n\n" for _ in range(same.rng.randint(0, 4)))
    for _ in range(same.rng.randint(20, 80)):
        question, answers = same.question(), [same.surname() for _ in range(4)]
        if client.option == SCORING:
            for answer in answers:
                yield client.ask(f"{shots}Question: {question}\nAnswer: {answer}")
        else:
            listed = " ".join(f"{letter}) {answer}" for letter, answer in zip("ABCD", answers, strict=True))
            yield client.ask(f"{shots}Question: {question} {listed}\nAnswer:")


BEHAVIOUR = LanguageBehaviour(
    name="benchmark", title="Benchmark run every night", options=(SCORING, COMPLETION, CHAT, CHAT_LOGPROBS), episode=episode
)
