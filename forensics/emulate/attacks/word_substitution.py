"""An adversarial text: which words matter to the label is seen by leaving each out, then those are replaced, first the most important.

D. Jin et al., "Is BERT really robust? A strong baseline for natural language attack" (TextFooler), AAAI 2020; J. Morris et al.,
"TextAttack", EMNLP 2020.
"""

from forensics.emulate.interface import CHAT_LOGPROBS, LanguageBehaviour, LanguageClient, LanguageEpisode
from forensics.emulate.models.interface import Reply
from forensics.emulate.words import ADJECTIVES, NOUNS, PLACES, TIMES, TOPICS, VERBS

PROMPT = "What is the tone of this text? Answer in one word: positive, negative or neutral.\n{0}"
LISTS = (NOUNS, VERBS, ADJECTIVES, TOPICS, PLACES, TIMES)


def episode(client: LanguageClient) -> LanguageEpisode:
    """One text: its words left out in turn, then synonyms tried, until the label is another."""
    rng = client.rng
    words = client.writer.paragraph(1, 2).split()
    first = yield client.ask(PROMPT.format(" ".join(words)))
    left: dict[int, float] = {}
    for place in range(len(words)):
        reply = yield client.ask(PROMPT.format(" ".join(words[:place] + words[place + 1 :])))
        left[place] = _sure(reply, first.text)
    sure = _sure(first, first.text)
    for place in sorted(left, key=lambda n: left[n]):
        synonyms = next((rng.sample(words_of, 6) for words_of in LISTS if words[place].strip(".,") in words_of), [])
        best = words
        for synonym in synonyms:
            tried = [*words[:place], synonym, *words[place + 1 :]]
            reply = yield client.ask(PROMPT.format(" ".join(tried)))
            if reply.text != first.text:
                return
            if _sure(reply, first.text) < sure:
                best, sure = tried, _sure(reply, first.text)
        words = best


def _sure(reply: Reply, label: str) -> float:
    value = reply.logprobs[0] or 0.0
    return value if reply.text == label else -9.0


BEHAVIOUR = LanguageBehaviour(
    name="word_substitution",
    title="Adversarial text by replaced words",
    options=(CHAT_LOGPROBS,),
    atlas="AML.T0015",
    episode=episode,
)
