"""A copy of the model from questions that mean nothing: words drawn at random, as many as a real one has.

K. Krishna et al., "Thieves on Sesame Street! Model extraction of BERT-based APIs", ICLR 2020 (RANDOM).
"""

from forensics.emulate.interface import CHAT, CHAT_LOGPROBS, COMPLETION, LanguageBehaviour, LanguageClient, LanguageEpisode


def episode(client: LanguageClient) -> LanguageEpisode:
    """One prompt; some clients ask a question about it, of the same words."""
    same, words = client.same().rng, client.model.vocabulary
    low, asks = same.choice([4, 10, 20]), same.random() < 0.4
    text = " ".join(client.rng.choices(words, k=client.rng.randint(low, 2 * low)))
    question = f"\nQuestion: What {' '.join(client.rng.choices(words, k=5))}?" if asks else ""
    yield client.ask(text + question)


BEHAVIOUR = LanguageBehaviour(
    name="nonsense_extraction",
    title="Model extraction with words drawn at random",
    options=(CHAT, CHAT_LOGPROBS, COMPLETION),
    atlas="AML.T0024.002",
    episode=episode,
)
