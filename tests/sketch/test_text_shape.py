"""The shape of a text: equal under one key, blind to case and punctuation, and null for null."""

import random
from itertools import pairwise

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from text_shapes import KEY, describe, prose, shape, shapes, shared, siphash, words_of

from forensics.sketch import siphash as compiled
from forensics.sketch.kernel import EDGE, MOST_WORDS, PART_WORDS
from forensics.sketch.key import Key
from forensics.sketch.text import describer, install_text, secrets_of

HASHES = ("fold_hash", "head_hash", "tail_hash")
SKETCHES = ("shingles", "grams", "ordered")
KEYED = (*HASHES, *SKETCHES, "masked_hash", "slot_hash")
TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=200)


def test_the_reference_here_gives_the_papers_vector() -> None:
    assert siphash(bytes(range(15)), bytes(range(16)), 2, 4) == 0xA129CA6149BE45E5


def compiled_siphash(data: bytes, secret: bytes) -> int:
    low, high = (np.uint64(int.from_bytes(secret[i : i + 8], "little")) for i in (0, 8))
    framed = np.frombuffer(b"<" + data + b">", np.uint8)
    return int(compiled.siphash(framed, 1, 1 + len(data), low, high))


@settings(max_examples=50, deadline=None)
@given(data=st.binary(max_size=40), secret=st.binary(min_size=16, max_size=16))
def test_words_are_hashed_by_siphash_1_3(data: bytes, secret: bytes) -> None:
    assert compiled_siphash(data, secret) == siphash(data.lower(), secret)


@pytest.mark.parametrize("length", [7, 8, 9, 255, 256, 300])
def test_siphash_of_whole_blocks_and_long_data(length: int) -> None:
    data = bytes(i % 251 for i in range(length))
    assert compiled_siphash(data, bytes(range(16))) == siphash(data.lower(), bytes(range(16)))


def test_the_hash_of_a_word_is_under_the_key() -> None:
    secret = secrets_of(KEY)[:2].astype("<u8").tobytes()
    assert siphash(b"word", secret) != siphash(b"word", bytes(16))
    known = (siphash(b"word", secret), 0, *map(int, secrets_of(KEY)))
    assert shape("word")["fold_hash"] % 2**64 not in known  # a chain of one word is no bare hash
    assert shape("")["masked_hash"] % 2**64 not in known  # nor one of nothing a secret


@settings(max_examples=50, deadline=None)
@given(TEXTS)
def test_the_same_text_has_the_same_shape_under_one_key_and_another_under_another(text: str) -> None:
    once, again, other = shape(text), shape(text), shapes(text, by=describer(Key("o", b"\x08" * 32)))[0]
    assert once == again
    for name, value in once.items():
        if name in KEYED:
            blank = once["slots"] == 0 if name == "slot_hash" else once["words"] == 0 and name != "masked_hash"
            assert (value is None) == blank
            assert value is None or value != other[name]
        else:
            assert value == other[name]


@settings(max_examples=100, deadline=None)
@given(TEXTS | st.text(alphabet="aB1 .'\u2019\u2014\u00e9\u4f60", max_size=120))
def test_words_are_runs_of_letters_and_pieces_of_long_ones(text: str) -> None:
    assert shape(text)["words"] == len(words_of(text))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(["alpha", "Beta", "GAMMA", "x1", "naïve"]), min_size=1, max_size=20), st.data())
def test_case_and_punctuation_make_no_difference_to_hashes_and_sketches(words: list[str], data: st.DataObject) -> None:
    between = [data.draw(st.sampled_from([", ", " - ", "\n", "?! ", " (", "'"])) for _ in words]
    noisy = "".join(gap + (w.upper() if w.isascii() else w) for gap, w in zip(between, words, strict=True))
    plain, other = shapes(" ".join(words), noisy + "...")
    same = (*HASHES, *SKETCHES, "words")
    assert [plain[name] for name in same] == [other[name] for name in same]


def test_other_words_make_a_difference() -> None:
    texts = ["a b c", "a c b", "a b", "a b c c", "ab c", "A-B_D", "abc"]
    for name in ("fold_hash", "masked_hash", *SKETCHES):
        assert len({s[name] for s in shapes(*texts)}) == len(texts)


def test_head_and_tail_are_the_first_and_last_eight_words() -> None:
    words = prose(1, 30)
    whole = shape(" ".join(words))
    head, tail = shapes(" ".join(words[:PART_WORDS]), " ".join(words[-PART_WORDS:]))
    assert whole["head_hash"] == head["fold_hash"] == head["head_hash"] == head["tail_hash"]
    assert whole["tail_hash"] == tail["fold_hash"]
    assert len({whole[name] for name in HASHES}) == 3
    inside, first, last = words.copy(), words.copy(), words.copy()
    inside[PART_WORDS] = inside[-PART_WORDS - 1] = "other"
    first[PART_WORDS - 1] = last[-PART_WORDS] = "other"
    same = [[s[name] == whole[name] for name in HASHES] for s in shapes(*(" ".join(w) for w in (inside, first, last)))]
    assert same == [[False, True, True], [False, False, True], [False, True, False]]


SCRIPTS = {"Chinese": (0x4E00, 0x5000), "Thai": (0x0E01, 0x0E2F), "Japanese": (0x3041, 0x3090), "Khmer": (0x1780, 0x17A0)}


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("edit", ["的", "7", "12", "", "AI", "é"])
def test_near_copies_without_spaces_share_more_than_unrelated_texts(script: str, edit: str) -> None:
    chosen = random.Random(script)
    one, other = ("".join(chr(chosen.randrange(*SCRIPTS[script])) for _ in range(150)) for _ in range(2))
    for place in (0, 20, 75, 149):
        near = one[:place] + edit + one[place + 1 :]
        assert shared("shingles", one, near) > 0.8
        assert shared("shingles", one, other) < 0.1
        assert shared("grams", one, near) > 0.75
        assert shared("grams", one, other) < 0.15
    assert shape(one)["words"] == 150


def test_long_runs_are_read_in_pieces_and_words_of_other_alphabets_whole() -> None:
    assert shape("достопримечательность и Donaudampfschiff")["words"] > 3
    assert [s["words"] for s in shapes("привет мир", "a" * 30, "a" * 31, "x " * 7)] == [2, 1, 11, 7]
    token = "".join(random.Random(4).choices("0123456789abcdef", k=400))
    assert shared("shingles", token, token[:200] + "zzz" + token[203:]) > 0.8


def test_texts_without_words() -> None:
    for text, opens, closes in (("", "other", "other"), (" \t\r\n ", "other", "other"), ("?!", "other", "stop"), ("—", "other", "other")):
        found = shape(text)
        if text != "—":  # bytes above 127 count as letters
            assert found["words"] == 0
            assert {found[name] for name in (*HASHES, *SKETCHES, "slot_hash", "top_word_share")} == {None}
            assert found["masked_hash"] == shape("")["masked_hash"]
            assert found["slots"] == 0
        assert (found["opens"], found["closes"]) == (opens, closes)
    assert shape("")["letter_share"] is None


def test_null_is_null_throughout() -> None:
    null, word = shapes(None, "word")
    assert set(null.values()) == {None}
    assert [name for name, value in word.items() if value is None] == ["slot_hash"]
    assert all(set(s.values()) == {None} for s in shapes(None, None))
    assert shapes() == []


def test_one_word_and_very_many() -> None:
    one = shape("Word")
    assert (one["words"], one["top_word_share"], one["opens"], one["closes"]) == (1, 1.0, "upper", "word")
    assert one["fold_hash"] == one["head_hash"] == one["tail_hash"]
    words = prose(5, 100_000, vocabulary=50_000)
    long, cut = shapes(" ".join(words), " ".join(words[:MOST_WORDS]))
    assert long == cut | {"letter_share": long["letter_share"], "runs": 100_000}
    assert (long["words"], cut["runs"]) == (MOST_WORDS, MOST_WORDS)


def test_characters_that_look_invalid_are_text() -> None:
    texts = ["\ufffd\ufffe\uffff", "a\x00b", "\u202egnp.exe", "😀" * 40, "e\u0301 é", "\U0010ffff", "\x7f\x80"]
    found = shapes(*texts)
    assert [s["words"] for s in found] == [1, 2, 2, 40, 2, 1, 1]
    assert len({s["fold_hash"] for s in found}) == len(texts)


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="aB1.'\u2014\u00e9\u4f60 \t\n\r\x0b\x0c", max_size=60))
def test_runs_are_what_stands_between_spaces(text: str) -> None:
    assert shape(text)["runs"] == len(text.split())


def test_runs_are_no_words() -> None:
    assert [(s["words"], s["runs"]) for s in shapes("well-known -- isn't it?", "你" * 11, "", "...", "a\u00a0b c")] == [
        *((5, 4), (11, 1), (0, 0), (0, 1), (3, 2))
    ]


@pytest.mark.parametrize("count", [1, 2, 127, 128, 129, 200, 1_000])
def test_of_the_words_the_first_and_the_last_are_kept_in_order(count: int) -> None:
    secret = secrets_of(KEY)[:2].astype("<u8").tobytes()
    words = prose(count, count)
    kept = words if count <= 2 * EDGE else [*words[:EDGE], *words[-EDGE:]]
    found = np.frombuffer(shape(", ".join(words).upper())["ordered"], "<u2").tolist()
    assert found == [siphash(word.encode(), secret) >> 48 for word in kept]


def test_pieces_of_long_runs_are_kept_in_order() -> None:
    secret = secrets_of(KEY)[:2].astype("<u8").tobytes()
    for text in ("你好世界今天天气怎么样呢", "x " + "a1" * 40, "mixed 你好世界你好世界你好世界 text"):
        found = np.frombuffer(shape(text)["ordered"], "<u2").tolist()
        assert found == [siphash(word, secret) >> 48 for word in words_of(text)]


@pytest.mark.parametrize(
    ("text", "opens", "closes"),
    [
        ("Who is it?", "upper", "stop"),
        ("  the end", "lower", "word"),
        ("1. First.", "other", "stop"),
        ('"Quoted."', "other", "stop"),
        ("He said (twice!)", "upper", "stop"),
        ("list:", "lower", "other"),
        ("Straße", "upper", "word"),
        ("Ärger", "other", "word"),
        ("café", "lower", "other"),
        ("a\n\n", "lower", "word"),
        ("def f(x)", "lower", "word"),
        ("{}", "other", "other"),
    ],
)
def test_how_texts_begin_and_end(text: str, opens: str, closes: str) -> None:
    assert (shape(text)["opens"], shape(text)["closes"]) == (opens, closes)


@pytest.mark.parametrize(
    ("text", "top", "letters"),
    [
        ("a a a b", 0.75, 1.0),
        ("The cat, the dog", 0.5, 15 / 16),
        ("12345", 1.0, 0.0),
        ("ab12", 1.0, 0.5),
        ("1你", 1.0, 0.5),
        ("naïve 1", 0.5, 6 / 7),
        ("x\ny", 0.5, 2 / 3),
        ("!?", None, 0.0),
    ],
)
def test_shares_of_the_commonest_word_and_of_letters(text: str, top: float | None, letters: float) -> None:
    assert (shape(text)["top_word_share"], shape(text)["letter_share"]) == (top, letters)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.none() | TEXTS, max_size=12), st.data())
def test_slices_and_chunks_make_no_difference(texts: list[str | None], data: st.DataObject) -> None:
    whole = pa.array(texts, pa.string())
    expected = describe(whole).to_pylist()
    assert expected == [shapes(t)[0] for t in texts]
    start = data.draw(st.integers(0, len(texts)))
    length = data.draw(st.integers(0, len(texts) - start))
    assert describe(whole.slice(start, length)).to_pylist() == expected[start : start + length]
    assert describe(whole.cast(pa.large_string()).slice(start, length)).to_pylist() == expected[start : start + length]
    cuts = sorted([0, len(texts), *data.draw(st.lists(st.integers(0, len(texts)), max_size=3))])
    chunked = pa.chunked_array([whole.slice(a, b - a) for a, b in pairwise(cuts)], pa.string())
    assert describe(chunked).to_pylist() == expected


def test_inside_duckdb_in_the_order_of_the_rows() -> None:
    texts = [None if n % 97 == 0 else "" if n % 89 == 0 else " ".join(prose(n, n % 23 + 1)) for n in range(5_000)]
    table = pa.table({"n": range(5_000), "t": pa.array(texts, pa.string())})
    with duckdb.connect() as con:
        install_text(con, KEY)
        con.register("texts", table)
        found = con.sql("select unnest(text_shape(t)) from texts").to_arrow_table()
        # Beside other rows, filtered, and as a constant.
        some = con.sql("select n, text_shape(t).fold_hash as h from texts where n % 3 = 1 order by n desc").fetchall()
        constant = con.sql("select text_shape('one word'), text_shape(null)").fetchall()[0]
    expected = shapes(*texts)
    assert found.to_pylist() == expected
    assert some == [(n, expected[n]["fold_hash"]) for n in range(4_999, -1, -1) if n % 3 == 1]
    assert constant[0] == shape("one word")
    assert constant[1] is None or set(constant[1].values()) == {None}
