"""People in a hurry: typing errors, a caps lock left on, the same question sent again with a word corrected or added."""

from forensics.emulate.interface import CHAT, COMPLETION, LanguageBehaviour, LanguageClient, LanguageEpisode


def episode(client: LanguageClient) -> LanguageEpisode:
    """One question, until it was understood."""
    rng = client.rng
    words = client.writer.question().split()
    shouting = rng.random() < 0.1
    for _ in range(rng.choice([1, 1, 2, 3, 5])):
        typed = [_mistyped(client, word) if rng.random() < 0.15 else word for word in words]
        text = " ".join(typed) if rng.random() < 0.5 else " ".join(typed).lower()
        yield client.ask(text.upper() if shouting else text)
        if rng.random() < 0.4:
            words = [*words, rng.choice(("please", "now", "??", "hello?", "thanks"))]


def _mistyped(client: LanguageClient, word: str) -> str:
    place = client.rng.randrange(len(word))
    swapped = word[:place] + word[place : place + 2][::-1] + word[place + 2 :]
    return client.rng.choice((swapped, word[:place] + word[place + 1 :], word[:place] + word[place] + word[place:]))


BEHAVIOUR = LanguageBehaviour(name="typist", title="Hurried people who mistype", options=(CHAT, COMPLETION), episode=episode)
