"""The shape and sketch of a text: equal under one key, blind to case and punctuation, close for near copies, and null for null."""

import hashlib
import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.sketch.key import Key
from forensics.sketch.text import BINS, MOST_WORDS, PART_WORDS, _siphash, describer, install_text

KEY = Key("k", b"\x07" * 32)
describe = describer(KEY)
HASHES = ("fold_hash", "head_hash", "tail_hash")
TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=200)


def shapes(*texts: str | None, by: Callable[[pa.Array], pa.StructArray] = describe) -> list[dict[str, Any]]:
    return list(by(pa.array(texts, pa.string())).to_pylist())


def shape(text: str) -> dict[str, Any]:
    return shapes(text)[0]


def likeness(text: str, other: str) -> float:
    """Share of equal values of the sketches."""
    a, b = (np.frombuffer(s["sketch"], np.uint16) for s in shapes(text, other))
    assert len(a) == len(b) == BINS
    return float(np.mean(a == b))


def prose(seed: int, words: int, vocabulary: int = 2000) -> list[str]:
    chosen = random.Random(seed)
    return [f"w{chosen.randrange(vocabulary)}" for _ in range(words)]


def siphash(data: bytes, key: bytes, compressions: int = 1, finalisations: int = 3) -> int:
    """Aumasson and Bernstein 2012, section 2."""
    mask = 2**64 - 1

    def left(x: int, bits: int) -> int:
        return (x << bits | x >> (64 - bits)) & mask

    def sipround(a: int, b: int, c: int, d: int) -> tuple[int, int, int, int]:
        a, c = a + b & mask, c + d & mask
        b, d = left(b, 13) ^ a, left(d, 16) ^ c
        a = left(a, 32)
        c, a = c + b & mask, a + d & mask
        b, d = left(b, 17) ^ c, left(d, 21) ^ a
        return a, b, left(c, 32), d

    low, high = (int.from_bytes(key[i : i + 8], "little") for i in (0, 8))
    a, b = low ^ 0x736F6D6570736575, high ^ 0x646F72616E646F6D
    c, d = low ^ 0x6C7967656E657261, high ^ 0x7465646279746573
    padded = data + bytes(7 - len(data) % 8) + bytes([len(data) % 256])
    for i in range(0, len(padded), 8):
        word = int.from_bytes(padded[i : i + 8], "little")
        d ^= word
        for _ in range(compressions):
            a, b, c, d = sipround(a, b, c, d)
        a ^= word
    c ^= 0xFF
    for _ in range(finalisations):
        a, b, c, d = sipround(a, b, c, d)
    return a ^ b ^ c ^ d


def test_the_reference_here_gives_the_papers_vector() -> None:
    assert siphash(bytes(range(15)), bytes(range(16)), 2, 4) == 0xA129CA6149BE45E5


def compiled_siphash(data: bytes, secret: bytes, fold: bool = False) -> int:
    low, high = (np.uint64(int.from_bytes(secret[i : i + 8], "little")) for i in (0, 8))
    framed = np.frombuffer(b"<" + data + b">", np.uint8)
    return int(_siphash(framed, 1, 1 + len(data), low, high, fold))


@settings(max_examples=50, deadline=None)
@given(data=st.binary(max_size=40), secret=st.binary(min_size=16, max_size=16))
def test_words_are_hashed_by_siphash_1_3(data: bytes, secret: bytes) -> None:
    assert compiled_siphash(data, secret) == siphash(data, secret)
    assert compiled_siphash(data, secret, fold=True) == siphash(data.lower(), secret)


@pytest.mark.parametrize("length", [7, 8, 9, 255, 256, 300])
def test_siphash_of_whole_blocks_and_long_data(length: int) -> None:
    data = bytes(i % 251 for i in range(length))
    assert compiled_siphash(data, bytes(range(16))) == siphash(data, bytes(range(16)))


def test_the_hash_of_a_word_is_under_the_key() -> None:
    seed = hashlib.blake2b(b"forensics text sketch", key=KEY.secret, digest_size=16).digest()
    assert siphash(b"word", seed) != siphash(b"word", bytes(16))
    assert shape("word")["fold_hash"] not in (siphash(b"word", seed), 0)  # a chain of one word is no bare hash


@settings(max_examples=50, deadline=None)
@given(TEXTS)
def test_the_same_text_has_the_same_shape_under_one_key_and_another_under_another(text: str) -> None:
    once, again, other = shape(text), shape(text), shapes(text, by=describer(Key("o", b"\x08" * 32)))[0]
    assert once == again
    for name, value in once.items():
        if name in (*HASHES, "sketch"):
            assert (value is None) == (once["words"] == 0)
            assert value is None or value != other[name]
        else:
            assert value == other[name]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(["alpha", "Beta", "GAMMA", "x1", "naïve"]), min_size=1, max_size=20), st.data())
def test_case_and_punctuation_make_no_difference_to_hashes_and_sketch(words: list[str], data: st.DataObject) -> None:
    between = [data.draw(st.sampled_from([", ", " - ", "\n", "?! ", " (", "'"])) for _ in words]
    noisy = "".join(gap + (w.upper() if w.isascii() else w) for gap, w in zip(between, words, strict=True))
    plain, other = shapes(" ".join(words), noisy + "...")
    assert [plain[name] for name in (*HASHES, "sketch", "words")] == [other[name] for name in (*HASHES, "sketch", "words")]


def test_other_words_make_a_difference() -> None:
    texts = ["a b c", "a c b", "a b", "a b c c", "ab c", "A-B_D", "abc"]
    assert len({s["fold_hash"] for s in shapes(*texts)}) == len({s["sketch"] for s in shapes(*texts)}) == len(texts)


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


@pytest.mark.parametrize("words", [40, 200, 1000])
@pytest.mark.parametrize("edits", [1, 5, 15, 40])
def test_shared_values_estimate_the_jaccard_index_of_shingles(words: int, edits: int) -> None:
    errors = []
    for seed in range(12):
        one = prose(seed, words)
        other, chosen = one.copy(), random.Random(seed)
        for _ in range(edits * words // 200 + 1):
            place = chosen.randrange(len(other))
            match chosen.randrange(3):
                case 0:
                    other[place] = "changed"
                case 1:
                    other.insert(place, f"new{seed}")
                case _:
                    del other[place]
        a, b = ({tuple(w[i : i + 3]) for i in range(len(w) - 2)} for w in (one, other))
        jaccard = len(a & b) / len(a | b)
        # Of few shingles some bins are copies of others, which count twice.
        bins = BINS * min(1.0, len(a) / (2 * BINS))
        error = (jaccard * (1 - jaccard) / bins) ** 0.5
        found = likeness(" ".join(one), " ".join(other))
        assert abs(found - jaccard) <= 4 * error + 1 / BINS
        errors.append((found - jaccard) / max(error, 1e-3))
    assert abs(np.mean(errors)) < 4 / len(errors) ** 0.5


def test_unrelated_texts_share_nothing() -> None:
    assert max(likeness(" ".join(prose(s, 100)), " ".join(prose(s + 1, 100))) for s in range(10, 30)) <= 2 / BINS


SCRIPTS = {"Chinese": (0x4E00, 0x5000), "Thai": (0x0E01, 0x0E2F), "Japanese": (0x3041, 0x3090), "Khmer": (0x1780, 0x17A0)}


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("edit", ["的", "7", "12", "", "AI", "é"])
def test_near_copies_without_spaces_share_more_than_unrelated_texts(script: str, edit: str) -> None:
    chosen = random.Random(script)
    one, other = ("".join(chr(chosen.randrange(*SCRIPTS[script])) for _ in range(150)) for _ in range(2))
    for place in (0, 20, 75, 149):
        near = likeness(one, one[:place] + edit + one[place + 1 :])
        assert near > 0.8
        assert near > likeness(one, other) + 0.5
    assert shape(one)["words"] == 150


def test_long_runs_are_read_in_pieces_and_words_of_other_alphabets_whole() -> None:
    assert shape("достопримечательность и Donaudampfschiff")["words"] > 3
    assert [s["words"] for s in shapes("привет мир", "a" * 30, "a" * 31, "x " * 7)] == [2, 1, 11, 7]
    token = "".join(random.Random(4).choices("0123456789abcdef", k=400))
    assert likeness(token, token[:200] + "zzz" + token[203:]) > 0.8


def test_texts_without_words() -> None:
    for text, opens, closes in (("", "other", "other"), (" \t\r\n ", "other", "other"), ("?!", "other", "stop"), ("—", "other", "other")):
        found = shape(text)
        if text != "—":  # bytes above 127 count as letters
            assert found["words"] == 0
            assert {found[name] for name in (*HASHES, "sketch", "top_word_share")} == {None}
        assert (found["opens"], found["closes"]) == (opens, closes)
    assert shape("")["letter_share"] is None


def test_null_is_null_throughout() -> None:
    null, word = shapes(None, "word")
    assert set(null.values()) == {None}
    assert None not in word.values()
    assert all(set(s.values()) == {None} for s in shapes(None, None))
    assert shapes() == []


def test_one_word_and_very_many() -> None:
    one = shape("Word")
    assert (one["words"], one["top_word_share"], one["opens"], one["closes"]) == (1, 1.0, "upper", "word")
    assert one["fold_hash"] == one["head_hash"] == one["tail_hash"]
    words = prose(5, 100_000, vocabulary=50_000)
    long, cut = shapes(" ".join(words), " ".join(words[:MOST_WORDS]))
    assert long == cut | {"letter_share": long["letter_share"]}
    assert long["words"] == MOST_WORDS


def test_characters_that_look_invalid_are_text() -> None:
    texts = ["\ufffd\ufffe\uffff", "a\x00b", "\u202egnp.exe", "😀" * 40, "e\u0301 é", "\U0010ffff", "\x7f\x80"]
    found = shapes(*texts)
    assert [s["words"] for s in found] == [1, 2, 2, 40, 2, 1, 1]
    assert len({s["fold_hash"] for s in found}) == len(texts)


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
