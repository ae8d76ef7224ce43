"""What was said? The hypotheses of a speech recogniser, which differ in a word or two, scored for the likeliest."""

from forensics.emulate.interface import SCORING, LanguageBehaviour, LanguageClient, LanguageEpisode
from forensics.emulate.words import ADJECTIVES, NOUNS, VERBS


def episode(client: LanguageClient) -> LanguageEpisode:
    """One utterance: the more words, the more hypotheses."""
    rng = client.rng
    words = client.writer.sentence().lower().strip(".").split()
    heard = [words]
    for _ in range(rng.randint(0, len(words) // 2)):
        other = list(rng.choice(heard))
        place = rng.randrange(len(other))
        # A word is taken for another, swallowed, or heard twice.
        other[place : place + 1] = rng.choice(([rng.choice(NOUNS + VERBS + ADJECTIVES)], [], [other[place], other[place]]))
        heard.append(other)
    for hypothesis in heard:
        yield client.ask(" ".join(hypothesis))


BEHAVIOUR = LanguageBehaviour(name="nbest", title="Hypotheses of a speech recogniser", options=(SCORING,), episode=episode)
