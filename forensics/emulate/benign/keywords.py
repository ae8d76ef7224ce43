"""Headlines from keywords: words without a sentence, as they were typed into a shop."""

from forensics.emulate.interface import CHAT, CHAT_LOGPROBS, COMPLETION, LanguageBehaviour, LanguageClient, LanguageEpisode
from forensics.emulate.words import ADJECTIVES, NOUNS, TOPICS


def episode(client: LanguageClient) -> LanguageEpisode:
    """One article; some shops send the keywords and nothing else."""
    same, rng = client.same(), client.rng
    frame = same.pick(("Write a headline from these keywords: {0}", "{0}", "Keywords: {0}\nText:", "{0} - a short advertisement, please"))
    words = rng.choices(NOUNS + TOPICS, k=rng.randint(2, 6)) + rng.choices(ADJECTIVES, k=rng.randint(1, 4)) + [same.surname()]
    yield client.ask(frame.format(same.pick((", ", " ", "; ")).join(rng.sample(words, len(words)))))


BEHAVIOUR = LanguageBehaviour(name="keywords", title="Headlines from keywords", options=(CHAT, CHAT_LOGPROBS, COMPLETION), episode=episode)
