"""The last layer of a model out of biased answers: one prompt, and a bias on other words every time.

N. Carlini et al., "Stealing part of a production language model", ICML 2024: with log-probabilities a few words at a time, else one word
whose bias is bisected until it is just said.
"""

from forensics.emulate.interface import BIASED, LanguageBehaviour, LanguageClient, LanguageEpisode


def episode(client: LanguageClient) -> LanguageEpisode:
    """One prompt, through a part of the vocabulary."""
    rng, same, size = client.rng, client.same().rng, len(client.model.vocabulary)
    together, strength, bisects = same.choice([1, 4, 4]), same.choice([40, 100]), same.random() < 0.4
    prompt = " ".join(rng.choices(client.model.vocabulary, k=rng.randint(1, 6)))
    first = rng.randrange(size)
    for step in range(same.choice([20, 60, 200])):
        places = [(first + step * together + n) % size for n in range(together)]
        if not bisects:
            yield client.choose(prompt, dict.fromkeys(places, float(strength)))
            continue
        low, high = 0.0, float(strength)
        for _ in range(10):
            middle = (low + high) / 2
            reply = yield client.choose(prompt, {places[0]: middle})
            said = reply.text == client.model.vocabulary[places[0]]
            low, high = (low, middle) if said else (middle, high)


BEHAVIOUR = LanguageBehaviour(
    name="logit_bias_sweep",
    title="Extraction of the last layer by biases on words",
    options=(BIASED,),
    atlas="AML.T0024.002",
    episode=episode,
)
