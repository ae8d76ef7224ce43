"""A label and nothing else: the words of the labels are made so likely that no other can come."""

from forensics.emulate.interface import BIASED, LanguageBehaviour, LanguageClient, LanguageEpisode
from forensics.emulate.words import LABELS


def episode(client: LanguageClient) -> LanguageEpisode:
    """One text, under one of the few questions of this client."""
    same, vocabulary = client.same(), client.model.vocabulary
    labels = same.rng.sample(LABELS, same.rng.randint(2, 4))
    bias = dict.fromkeys((vocabulary.index(label) for label in labels), float(same.rng.choice([20, 100])))
    questions = [f"Which suits this best, {', '.join(labels)}? {same.sentence()}" for _ in range(same.rng.randint(1, 3))]
    yield client.choose(f"{client.rng.choice(questions)}\nText: {client.writer.paragraph(1, 3)}", bias)


BEHAVIOUR = LanguageBehaviour(name="forced_choice", title="Labels forced by biases on words", options=(BIASED,), episode=episode)
