"""What hides queries from those who compare them; it is put over whatever a behaviour asks.

Rows: a little noise, or few digits.
S. Chen, N. Carlini, D. Wagner, "Stateful detection of black-box adversarial attacks", SPAI 2020 (query blinding). Honest clients do the
same for privacy (noise on numbers, randomised response on categories) or because nobody writes a blood pressure down to the last digit.

Words: courtesies around them that change from one request to the next; or the template of an honest retrieval service, whose question
they become. Honest clients have a form letter, or a search in front of the model.
"""

from collections.abc import Callable, Mapping
from hashlib import sha256

import numpy as np

from forensics.emulate.benign.retrieval import TEMPLATE, listed
from forensics.emulate.models.interface import Matrix, TabularModel
from forensics.emulate.words import Writer, stream

Disguise = Callable[[Matrix], Matrix]


def blinded(model: TabularModel, habits: int) -> Disguise:
    """Noise on numbers, and a category in a hundred or so replaced. The same row gets the same noise: what is sent again stays the same."""
    strength = float(np.random.default_rng([habits, 1]).choice([0.005, 0.01, 0.02]))
    categories = np.array([c.kind in ("code", "flag") for c in model.columns])

    def one(row: Matrix) -> Matrix:
        rng = np.random.default_rng([habits, int.from_bytes(sha256(row.tobytes()).digest()[:8], "big")])
        other = model.low + rng.random(model.width) * model.span
        number = row + rng.normal(0, strength, model.width) * model.span
        category = np.where(rng.random(model.width) < 2 * strength, other, row)
        hidden: Matrix = np.where(categories, category, number)
        return hidden

    return lambda rows: model.admit(np.array([one(row) for row in rows]))


def rounded(model: TabularModel, habits: int) -> Disguise:
    """Numbers in steps of 1 or 5 hundredths of the power of ten that fits into the column's range: a pulse of 75, a grey of 0.35."""
    coarse = float(np.random.default_rng([habits, 2]).choice([0.01, 0.05]))
    numbers = np.array([c.kind in ("int", "float") for c in model.columns])
    step = coarse * 10.0 ** np.floor(np.log10(model.span))
    return lambda rows: model.admit(np.where(numbers, np.rint(rows / step) * step, rows))


WordDisguise = Callable[[str], str]
OPENINGS = (
    "", "Hello, ", "Good morning! ", "A quick one: ", "Hi there. ", "Dear assistant, ", "One more thing. ", "As we said yesterday: ",
    "For my notes, ", "Thanks for the last answer. ", "I have a question. ", "Sorry to trouble you again. ",
)  # fmt: skip
CLOSINGS = (
    "", " Thank you!", " Thanks in advance.", " Please be brief.", " Take your time.", " Kind regards", " That would help me a lot.",
    " I am in a hurry.", " Cheers",
)  # fmt: skip


def wrapped(habits: int) -> WordDisguise:
    """Some courtesy before and after. The same text gets the same: a conversation that is sent again stays the same."""

    def one(text: str) -> str:
        writer = Writer(stream(habits, text))
        return f"{writer.pick(OPENINGS)}{text}{writer.pick(CLOSINGS)}"

    return one


def camouflaged(habits: int) -> WordDisguise:
    """The question of a retrieval template, with passages about something else before it."""
    same = Writer(stream(habits, "passages"))
    passages = [same.paragraph(1, 2) for _ in range(20)]

    def one(text: str) -> str:
        draw = stream(habits, text)
        return TEMPLATE.format(passages=listed(draw.sample(passages, draw.randint(1, 3))), question=text)

    return one


WORD_DISGUISES: Mapping[str, Callable[[int], WordDisguise]] = {"wrapped": wrapped, "camouflaged": camouflaged}
DISGUISES: Mapping[str, Callable[[TabularModel, int], Disguise]] = {"blinded": blinded, "rounded": rounded}
