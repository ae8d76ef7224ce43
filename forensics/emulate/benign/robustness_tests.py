"""Testers of a classifier: texts of their list with names, numbers or a word exchanged, and the label must stay.

After M. T. Ribeiro et al., "Beyond accuracy: behavioral testing of NLP models with CheckList", ACL 2020.
"""

from forensics.emulate.interface import CHAT_LOGPROBS, LanguageBehaviour, LanguageClient, LanguageEpisode
from forensics.emulate.words import ADJECTIVES, NOUNS


def episode(client: LanguageClient) -> LanguageEpisode:
    """One text of the list: as it stands, and with one slot filled in several ways; the list comes again with the next version."""
    same, rng, writer = client.same(), client.rng, client.writer
    question = same.pick(("Is this friendly? Answer with one word, yes or no.", "The tone in one word: positive, negative or neutral."))
    frames = [f"{{0}} said {same.rng.randint(2, 90)} times that the {{1}} was {{2}}. {same.sentence()}" for _ in range(12)]
    frame, fixed = rng.choice(frames), [writer.name(), rng.choice(NOUNS), rng.choice(ADJECTIVES)]
    slot = rng.randrange(3)
    for _ in range(rng.randint(3, 10)):
        yield client.ask(f"{question}\n{frame.format(*fixed)}")
        fixed[slot] = (writer.name(), rng.choice(NOUNS), rng.choice(ADJECTIVES))[slot]


BEHAVIOUR = LanguageBehaviour(
    name="robustness_tests", title="Tests of a classifier with exchanged words", options=(CHAT_LOGPROBS,), episode=episode
)
