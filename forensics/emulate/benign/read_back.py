"""A telephone service that has names and numbers of orders read back, and spelt where they were not understood."""

from forensics.emulate.interface import CHAT, CHAT_LOGPROBS, LanguageBehaviour, LanguageClient, LanguageEpisode


def episode(client: LanguageClient) -> LanguageEpisode:
    """One order: its number and its name, once more where the caller was not content."""
    same, rng, writer = client.same(), client.rng, client.writer
    template = same.pick(('Please repeat "{0}" to the caller, politely.', 'Repeat "{0}" and ask whether that is right.'))
    given = [f"{same.surname()[:3].upper()}-{rng.randint(1000, 99999)}", writer.name()]
    for text in given[: rng.randint(1, 2)]:
        yield client.ask(template.format(text))
        if rng.random() < 0.2:
            yield client.ask(f'Spell this, then repeat it: "{text}"')


BEHAVIOUR = LanguageBehaviour(name="read_back", title="Orders read back", options=(CHAT, CHAT_LOGPROBS), episode=episode)
