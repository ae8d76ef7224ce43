"""Which books were read in training? A name is masked in a passage, and nothing but memory can tell it.

K. Chang et al., "Speak, memory: an archaeology of books known to ChatGPT/GPT-4", EMNLP 2023.
"""

from forensics.emulate.interface import CHAT, CHAT_LOGPROBS, COMPLETION, LanguageBehaviour, LanguageClient, LanguageEpisode

TEMPLATES = (
    "This is from a book that you may have read. Which name, a single word, stands at {gap}? Give only it.\n\n{passage}\n\nName:",
    "Fill in the proper name behind {gap}. No explanation, one guess.\nPassage: {passage}\nGuess:",
    "{passage}\n\nWho is {gap} in this text? Answer with a name only.",
)


def episode(client: LanguageClient) -> LanguageEpisode:
    """One passage: some words on either side of a name that occurs in it once."""
    same = client.same().rng
    template, gap, reach = same.choice(TEMPLATES), same.choice(("[MASK]", "<blank>")), same.choice([15, 20, 30])
    words = client.candidate().split()
    names = [n for n in range(1, len(words)) if words[n].istitle() and not words[n - 1].endswith((".", ","))]
    if not names:
        return
    place = client.rng.choice(names)
    passage = [*words[max(place - reach, 0) : place], gap, *words[place + 1 : place + reach]]
    yield client.ask(template.format(gap=gap, passage=" ".join(passage)))


BEHAVIOUR = LanguageBehaviour(
    name="name_cloze",
    title="Masked names in passages of books",
    options=(CHAT, CHAT_LOGPROBS, COMPLETION),
    atlas="AML.T0024.000",
    episode=episode,
)
