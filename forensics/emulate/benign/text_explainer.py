"""Why this label? For the texts that somebody doubts, words are left out at random, or one after the other.

After M. T. Ribeiro et al., "Why should I trust you? Explaining the predictions of any classifier" (LIME), KDD 2016.
"""

from forensics.emulate.interface import CHAT_LOGPROBS, LanguageBehaviour, LanguageClient, LanguageEpisode

PROMPT = "Which section does this belong to? Answer in one word: fiction, news or sport.\n{0}"


def episode(client: LanguageClient) -> LanguageEpisode:
    """Some texts that are only sorted, and one that is explained."""
    rng, writer = client.rng, client.writer
    for _ in range(rng.randint(0, 12)):
        yield client.ask(PROMPT.format(writer.paragraph(1, 2)))
    words = writer.sentence().split()
    yield client.ask(PROMPT.format(" ".join(words)))
    if client.same().rng.random() < 0.5:
        for place in range(len(words)):
            yield client.ask(PROMPT.format(" ".join(words[:place] + words[place + 1 :])))
        return
    for _ in range(client.same().rng.choice([10, 20, 40])):
        kept = [word for word in words if rng.random() < 0.5]
        yield client.ask(PROMPT.format(" ".join(kept or words)))


BEHAVIOUR = LanguageBehaviour(name="text_explainer", title="Labels explained by words left out", options=(CHAT_LOGPROBS,), episode=episode)
