"""The next word for a game, a form, a keyboard: a house's list of words that must not come, which grows now and then."""

from forensics.emulate.interface import BIASED, LanguageBehaviour, LanguageClient, LanguageEpisode


def episode(client: LanguageClient) -> LanguageEpisode:
    """One version of the list: some texts whose next word is wanted."""
    same, rng, size = client.same().rng, client.rng, len(client.model.vocabulary)
    banned = [same.randrange(size) for _ in range(same.randint(3, 30))]
    banned += [rng.randrange(size) for _ in range(rng.choice([0, 0, 1, 2]))]
    for _ in range(rng.randint(10, 60)):
        words = client.writer.sentence().split()
        yield client.choose(" ".join(words[: rng.randint(2, len(words))]), dict.fromkeys(banned, -100.0), "Continue with one word.")


BEHAVIOUR = LanguageBehaviour(name="banned_words", title="Next words without those of a list", options=(BIASED,), episode=episode)
