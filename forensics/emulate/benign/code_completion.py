"""An editor that asks with every pause: the text before the cursor, which grows, with a correction now and then."""

from forensics.emulate.interface import COMPLETION, LanguageBehaviour, LanguageClient, LanguageEpisode


def episode(client: LanguageClient) -> LanguageEpisode:
    """One function, typed."""
    rng = client.rng
    code = client.writer.code()
    end = rng.randint(10, 40)
    while end < len(code):
        yield client.ask(code[:end])
        end += rng.randint(3, 18) if rng.random() < 0.9 else -rng.randint(1, 6)
        if rng.random() < 0.1:
            code = code[:end] + client.writer.code()[end:]


BEHAVIOUR = LanguageBehaviour(name="code_completion", title="Code completion in an editor", options=(COMPLETION,), episode=episode)
