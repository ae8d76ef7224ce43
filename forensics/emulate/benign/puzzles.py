"""Friends of puzzles: clues in base64, rot13 or Morse, to be made or to be solved."""

from forensics.emulate.interface import CHAT, CHAT_LOGPROBS, LanguageBehaviour, LanguageClient, LanguageEpisode
from forensics.emulate.scripts import SCRIPTS

WISHES = ("What does this clue say? {text}", "Decode: {text}", "I found this {script} in a cache. What is it?\n{text}", "{text}")


def episode(client: LanguageClient) -> LanguageEpisode:
    """One clue; who does not get on tries another script, or asks for one of his own to be encoded."""
    rng, writer = client.rng, client.writer
    clue = " ".join(writer.sentence().split()[: rng.randint(3, 10)])
    for script in rng.sample(list(SCRIPTS), rng.randint(1, 3)):
        yield client.ask(rng.choice(WISHES).format(script=script, text=SCRIPTS[script](clue)))
        if rng.random() < 0.4:
            yield client.ask(f"And in {script}: {writer.question()}")


BEHAVIOUR = LanguageBehaviour(name="puzzles", title="Puzzles in other scripts", options=(CHAT, CHAT_LOGPROBS), episode=episode)
