"""Texts of a crawl, kept where the model finds them likely: each scored once, echoed with log-probabilities."""

from forensics.emulate.interface import SCORING, LanguageBehaviour, LanguageClient, LanguageEpisode


def episode(client: LanguageClient) -> LanguageEpisode:
    """One page; the crawl holds some texts more than once, with another date or place in them, and some that everybody knows."""
    writer, rng = client.writer, client.rng
    first, rest = writer.sentence(), writer.paragraph(1, 4) if rng.random() < 0.8 else client.candidate()
    yield client.ask(f"{first} {rest}")
    while rng.random() < 0.3:
        yield client.ask(f"{writer.sentence()} {rest}" if rng.random() < 0.6 else f"{first} {rest}")


BEHAVIOUR = LanguageBehaviour(name="perplexity_filter", title="Perplexity filter of a crawl", options=(SCORING,), episode=episode)
