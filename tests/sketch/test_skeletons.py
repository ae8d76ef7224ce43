"""Skeletons: one template filled differently has one skeleton and other slots; hostile marks cost no more than others."""

import pyarrow as pa
import pytest
from text_shapes import describe, prose, shape, shapes

from forensics.sketch.kernel import MOST_WORDS

TEMPLATES = {
    "numbers": (["Order 7 is late", "order 1,234 is late.", "Order 2026-01-02 is late", "order 10:30 is late", "Order A7-9 is late"], 1),
    "list of numbers": (["add 1, 2 and 3", "add 17 and 3.14"], 2),
    "double": (['say "hello" now', 'Say "a, b? c." now', 'say "" now', "say \"it's 7 o'clock\" now"], 1),
    "single": (["say 'hello there' now", "say 'don't' now", "say ('bye') now"], 1),
    "printed": (["say “hello there” now", "say „hallo du“ now", "say \u2018it\u2019s me\u2019 now", "say «oui» now"], 1),
    "code": (["run `x = 1` now", "run ``a `b` c`` now", "run ```\nx = 1\n\ny = 2\n``` now"], 1),
    "names": (["Who is Barack Obama?", "who is Angela Merkel?", "Who is NASA?", "Who is Jean-Luc Godard?"], 1),
    "capitals": (["the IBM report is out", "the Microsoft report is out", "the EU report is out"], 1),
    "neighbours": (["fly from Paris 7 to be", "fly from Rome to be", 'fly from "Oslo" Airport 2 to be'], 1),
    "scripts": (["第3章 是什么", "第12章 是什么"], 1),
    "long scripts": ([f"请帮我预订{n}张从北京到上海的高铁票谢谢" for n in (3, 12, 1234)], 1),
    "tokens": ([f"decode {t} please" for t in ("a1" * 30, "b2" * 90, "7")], 1),
    "lines": (["Name: Ann Lee\nAge: 30", "Name: Bo\nAge: 7"], 2),
}


@pytest.mark.parametrize("name", TEMPLATES)
def test_one_template_filled_differently(name: str) -> None:
    texts, slots = TEMPLATES[name]
    found = shapes(*texts)
    if name != "list of numbers":
        assert len({s["masked_hash"] for s in found}) == 1
    assert [s["slots"] for s in found] == [slots] * len(texts)
    assert len({s["slot_hash"] for s in found}) == len(texts)
    assert None not in {s["slot_hash"] for s in found}


def test_other_templates_have_other_skeletons() -> None:
    texts = [texts[0] for texts, _ in TEMPLATES.values()] + [
        "who was Barack Obama?",
        "say now",
        "say",
        "",
        "x y",
        "y x",
        "7",
        "a 7 b",
        "a b",
    ]
    assert len({s["masked_hash"] for s in shapes(*texts)}) == len(texts) - 2  # three of them say one thing in quotation marks


@pytest.mark.parametrize(
    "text",
    [
        "don't say the dogs' bone isn't there",
        "'tis the season",
        'an unclosed "quotation is none',
        'nor is "one\n\nacross" a blank line',
        'nor is "one\r\n \t\r\nacross" a blank line',
        "an `unclosed piece of code",
        "```\nan unclosed block",
        "THEY ARE ALL CAPITALS HERE",
        "How To Write Only Titles",
        "can I go. Then we go! Now? Yes\nLine",
        'five" by six" of them',
        "close” before “open",
        'too "' + "long " * 401 + '" for one',
        'too "' + "long " * 10 + "x" * 4000 + '" for one',
        "it was 'not' "[:6] + "'" + "so " * 60 + "' short",
    ],
)
def test_what_is_no_slot(text: str) -> None:
    assert (shape(text)["slots"], shape(text)["slot_hash"]) == (0, None)


def test_quotations_of_some_length_are_slots() -> None:
    assert [shape(f'say "{"word " * n}" now')["slots"] for n in (1, 100, 400)] == [1, 1, 1]
    assert shape('one "a" two "b" three')["slots"] == 2
    assert shape('one "a" "b" three')["slots"] == 1
    assert shape("```\n" + "code line\n\n" * 5_000 + "```")["slots"] == 1


def test_slots_are_hashed_in_order_and_apart() -> None:
    texts = ['x "a" y "b"', 'x "b" y "a"', 'x "a b" y ""', 'x "" y "a b"']
    assert len({s["slot_hash"] for s in shapes(*texts)}) == 4
    assert len({s["masked_hash"] for s in shapes(*texts)}) == 1


HOSTILE = {
    "quotes": '"' * 1_000_000,
    "openers": ' "a' * 300_000,
    "apostrophes": " 'a" * 300_000,
    "kinds": "“„\u2018«`" * 100_000,
    "ticks": "`" * 1_000_000,
    "tick runs": "` `` ``` " * 100_000,
    "newlines": '"\n' * 500_000,
    "one word": "a" * 10_000_000,
    "one number": "7" * 10_000_000,
    "one wide word": "你" * 3_000_000,
    "capitals": "Aa " * 300_000,
    "repeated": "a " * 300_000,
    "separators": "\u2014" * 1_000_000,
    "nothing": " " * 10_000_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts(name: str) -> None:
    text = HOSTILE[name]
    found = shape(text)
    assert found["words"] == min(
        MOST_WORDS,
        {"quotes": 0, "kinds": 0, "ticks": 0, "tick runs": 0, "newlines": 0, "separators": 0, "nothing": 0}.get(name, MOST_WORDS),
    )
    assert found["masked_hash"] is not None
    assert found["slots"] == {"quotes": 1, "ticks": 0, "tick runs": 1, "newlines": 1, "one number": 1}.get(name, found["slots"])
    assert found["slots"] <= 1 + len(text) // 3
    assert (found["grams"] is None) == (found["shingles"] is None) == (found["words"] == 0)
    assert shape("x " + text[: len(text) // 2])["words"] <= MOST_WORDS


def test_bytes_that_are_no_utf_8() -> None:
    whole = "naïve 你好 “x” — 😀 word".encode()
    cut = [whole[i:j] for i in range(len(whole)) for j in range(i, len(whole) + 1)] + [
        b"\x80" * 50,
        b"\xe2\x80",
        b"\xc3" * 100,
        b"\xff\xfe a",
    ]
    ends = [0]
    for piece in cut:
        ends.append(ends[-1] + len(piece))
    buffers = [None, pa.py_buffer(pa.array(ends, pa.int32()).buffers()[1]), pa.py_buffer(b"".join(cut))]
    together = describe(pa.StringArray.from_buffers(len(cut), buffers[1], buffers[2])).to_pylist()
    alone = [
        describe(pa.StringArray.from_buffers(1, pa.array([0, len(p)], pa.int32()).buffers()[1], pa.py_buffer(p + b'"x'))).to_pylist()[0]
        for p in cut
    ]
    assert together == alone  # no text reads what follows it


def test_a_slice_is_as_the_whole() -> None:
    texts = [None if n % 7 == 0 else "It's \"" + " ".join(prose(n, n)) + '" 你好 — ok' for n in range(60)]
    whole = pa.array(texts, pa.string())
    expected = describe(whole).to_pylist()
    for start, length in ((0, 60), (1, 59), (7, 1), (13, 20), (59, 1), (60, 0)):
        assert describe(whole.slice(start, length)).to_pylist() == expected[start : start + length]
