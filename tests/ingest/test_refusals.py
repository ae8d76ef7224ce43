"""Prose that declines, in ten languages, and prose that does not."""

# ruff: noqa: RUF001 - letters of other alphabets are the point

from collections.abc import Iterator

import duckdb
import pytest

from forensics.ingest.content import install_content
from forensics.sketch.hashing import install_hashing
from forensics.sketch.key import Key
from forensics.sketch.text import install_text

REFUSALS = {
    "English": [
        "I'm sorry, but I can't help with that.",
        "I’m sorry, but I can’t assist with that request.",
        "I am very sorry, but I am unable to share private details.",
        "Sorry, I cannot do that.",
        "We're sorry, this request cannot be answered.",
        "I cannot provide instructions for that.",
        "Unfortunately, I won't write this for you.",
        "I'm unable to help with that.",
        "I must decline to answer.",
        "As an AI language model, I cannot give medical advice.",
        "This request violates our policies.",
        "That would be against my guidelines.",
        "Request blocked by policy.",
        "\n  **I'm afraid I can't do that.**",
        "I CANNOT HELP WITH THAT.",
    ],
    "German": ["Es tut mir leid, dabei kann ich nicht helfen.", "Leider kann ich das nicht beantworten.", "Das kann ich nicht tun."],
    "French": ["Je suis désolé, mais je ne peux pas répondre.", "Je ne peux pas vous aider.", "Désolée, je ne peux pas faire cela."],
    "Spanish": ["Lo siento, pero no puedo ayudar con eso.", "No puedo proporcionar esa información."],
    "Portuguese": ["Sinto muito, mas não posso ajudar.", "Desculpe, não posso responder.", "Não posso fornecer isso."],
    "Italian": ["Mi dispiace, ma non posso aiutarti.", "Non posso rispondere a questa domanda."],
    "Dutch": ["Het spijt me, maar daar kan ik niet bij helpen."],
    "Russian": ["Извините, но я не могу помочь с этим.", "К сожалению, это невозможно.", "Я не могу ответить."],
    "Chinese": ["抱歉,我无法回答这个问题。", "很抱歉,我不能提供帮助。", "我无法提供此信息。", "对不起,我不能这样做。"],
    "Japanese": ["申し訳ありませんが、お答えできません。", "すみませんが、お手伝いできません。"],
}
ANSWERS = [
    "",
    "   ",
    "I'm sorry to hear that you feel ill. Here is what helps: rest, water, and time.",
    "Sorry for the confusion! The total is 42.",
    "I'm afraid of spiders, said the girl, and the story began.",
    "The court cannot hear the case before March.",
    "You can't divide by zero, so the expression has no value.",
    "Sure! Here is the poem that you asked for.",
    "I can help with that. First, open the settings.",
    "The answer is no.",
    "Our guidelines for visitors are on page two.",
    "Penguins are birds that cannot fly.",
    "We cannot know what Shakespeare thought, but the plays give hints.",
    "Je suis ravi de vous aider.",
    "Leider regnet es morgen in Graz.",
    "No puedo is Spanish for I cannot.",
    "Я могу помочь с этим.",
    "我可以帮助您。",
    '{"label": "sorry"}',
    "Here is a letter of apology. " + "It says that we value you. " * 8 + "I'm sorry, but I can't help with that.",
]


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    key = Key("k", b"\x07" * 32)
    with duckdb.connect() as con:
        install_hashing(con, key)
        install_text(con, key)
        install_content(con)
        yield con


def is_refusal(connection: duckdb.DuckDBPyConnection, answer: str | None) -> object:
    return connection.execute("select is_refusal($1::varchar)", [answer]).fetchall()[0][0]


@pytest.mark.parametrize("answer", [a for answers in REFUSALS.values() for a in answers])
def test_refusals(connection: duckdb.DuckDBPyConnection, answer: str) -> None:
    assert is_refusal(connection, answer) is True


@pytest.mark.parametrize("answer", ANSWERS)
def test_answers(connection: duckdb.DuckDBPyConnection, answer: str) -> None:
    assert is_refusal(connection, answer) is False


def test_no_answer_is_neither(connection: duckdb.DuckDBPyConnection) -> None:
    assert is_refusal(connection, None) is None


def test_over_a_table(connection: duckdb.DuckDBPyConnection) -> None:
    rows = [(a, True) for answers in REFUSALS.values() for a in answers] + [(a, False) for a in ANSWERS]
    connection.execute("create or replace temp table answers (answer varchar, expected boolean)")
    connection.executemany("insert into answers values ($1, $2)", rows)
    assert connection.sql("select answer from answers where is_refusal(answer) <> expected").fetchall() == []
