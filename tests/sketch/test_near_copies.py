"""What near copies share: shingles are the true ones, and the Jaccard index of them follows; grams forgive misspelling."""

import random

import numpy as np
import pytest
from text_shapes import KEY, prose, shape, shapes, shared, shingles, siphash, triples_of

from forensics.sketch.sets import BINS, SHINGLES
from forensics.sketch.text import secrets_of

SENTENCES = {
    "English": ("The cat sat on the mat, and the dog sat by the door.", "The cat sat on a mat, and the dog lay by the door."),
    "Chinese": ("我想知道明天北京的天气怎么样,是否需要带伞出门。", "我想知道后天北京的天气怎么样,是否需要带伞出门。"),
    "Thai": ("ฉันอยากทราบว่าพรุ่งนี้อากาศในกรุงเทพจะเป็นอย่างไร", "ฉันอยากทราบว่าวันนี้อากาศในกรุงเทพจะเป็นอย่างไร"),
    "Hindi": ("कल दिल्ली में मौसम कैसा रहेगा और क्या बारिश होगी", "आज दिल्ली में मौसम कैसा रहेगा और क्या बारिश होगी"),
    "emoji": ("🙂 so happy 🎉🎉 today 🚀 let us go 🙂", "🙂 so sad 🎉🎉 today 🚀 let us go 🙂"),
    "Cyrillic": ("Какая завтра будет погода в Москве, нужен ли зонт?", "Какая сегодня будет погода в Москве, нужен ли зонт?"),
    "repeated": ("no no no no yes no no no", "no no no no no yes"),
    "short": ("two words", "two words more"),
    "long": (" ".join(prose(1, SHINGLES + 2, 100_000)), " ".join(prose(1, SHINGLES - 50, 100_000))),
}


@pytest.mark.parametrize("name", SENTENCES)
def test_shingles_give_the_jaccard_index(name: str) -> None:
    one, other = SENTENCES[name]
    a, b = triples_of(one), triples_of(other)
    assert (len(shingles(one)), len(shingles(other))) == (len(a), len(b))
    assert len(np.intersect1d(shingles(one), shingles(other))) / len(np.union1d(shingles(one), shingles(other))) == len(a & b) / len(a | b)
    assert shared("shingles", one, one) == 1


def shingle(words: tuple[bytes, ...]) -> int:
    """The hashes turned and added, then SplitMix64's finaliser, of which the upper half."""
    mask, secret = 2**64 - 1, secrets_of(KEY)[:2].astype("<u8").tobytes()
    value = 0
    for turned, word in zip((0, 21, 42), words, strict=False):
        hashed = siphash(word, secret)
        value += (hashed << turned | hashed >> (64 - turned)) & mask
    value &= mask
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 & mask
    value = (value ^ value >> 27) * 0x94D049BB133111EB & mask
    return (value ^ value >> 31) >> 32


@pytest.mark.parametrize("name", SENTENCES)
def test_shingles_are_the_hashes_of_three_words_in_ascending_order(name: str) -> None:
    for text in SENTENCES[name]:
        assert shingles(text).tolist() == sorted({shingle(words) for words in triples_of(text)})


@pytest.mark.parametrize("words", [514, 515, 1_023, 1_024, 1_500, 5_000])
def test_of_a_long_text_the_smallest_are_kept(words: int) -> None:
    text = " ".join(prose(words, words, 50))
    assert shingles(text).tolist() == sorted({shingle(w) for w in triples_of(text)})[:SHINGLES]


def test_of_long_texts_the_index_is_estimated_without_bias() -> None:
    errors = []
    for seed in range(20):
        one = prose(seed, 3_000)
        other, chosen = one.copy(), random.Random(seed)
        for _ in range(chosen.randrange(10, 900)):
            other[chosen.randrange(len(other))] = f"changed{chosen.randrange(10**6)}"
        a, b = triples_of(" ".join(one)), triples_of(" ".join(other))
        errors.append(shared("shingles", " ".join(one), " ".join(other)) - len(a & b) / len(a | b))
        assert abs(errors[-1]) < 0.07
    assert abs(np.mean(errors)) < 0.015


def test_the_smallest_of_a_repetitive_text_are_found_although_they_come_again_and_again() -> None:
    words = prose(3, 700, 10_000)
    assert np.array_equal(shingles(" ".join(words * 40)), shingles(" ".join([*words, *words[:2]])))


REQUEST = "Could you please explain how the refund policy works for orders that were placed during the holiday season last year"


def misspelt(text: str, seed: int, errors: int) -> str:
    chosen, letters = random.Random(seed), list(text)
    for _ in range(errors):
        i = chosen.randrange(len(letters) - 1)
        match chosen.randrange(3):
            case 0:
                letters[i], letters[i + 1] = letters[i + 1], letters[i]
            case 1:
                del letters[i]
            case _:
                letters[i] = chosen.choice("abcdefghijklmnopqrstuvwxyz")
    return "".join(letters)


@pytest.mark.parametrize("seed", range(10))
def test_grams_forgive_misspelling_and_case(seed: int) -> None:
    chosen = random.Random(seed)
    cased = "".join(c.upper() if chosen.random() < 0.5 else c for c in REQUEST)
    assert shared("grams", REQUEST, cased) == 1
    assert shared("grams", REQUEST, cased.replace(" ", " \n\t ") + "!!") == 1
    assert shared("grams", REQUEST, misspelt(cased, seed, 3)) > 0.55
    assert shared("grams", REQUEST, misspelt(REQUEST, seed, 6)) > 0.35


def test_unrelated_texts_share_little() -> None:
    texts = [" ".join(prose(seed, 100)) for seed in range(10, 20)] + [REQUEST, *(a for a, _ in list(SENTENCES.values())[:6])]
    for i, text in enumerate(texts):
        for other in texts[i + 1 :]:
            assert shared("shingles", text, other) < 0.05
    plain = [REQUEST, "Write a short poem about autumn leaves falling on a quiet river bank", *(a for a, _ in list(SENTENCES.values())[:6])]
    assert max(shared("grams", a, b) for a in plain for b in plain if a != b) < 0.2


@pytest.mark.parametrize("name", ["Cyrillic", "Hindi", "Thai", "Chinese"])
def test_grams_of_other_scripts_tell_texts_apart(name: str) -> None:
    chosen = random.Random(7)
    first, last = {"Cyrillic": (0x430, 0x450), "Hindi": (0x905, 0x939), "Thai": (0xE01, 0xE2F), "Chinese": (0x4E00, 0x9000)}[name]
    one, other = (" ".join("".join(chr(chosen.randrange(first, last)) for _ in range(6)) for _ in range(40)) for _ in range(2))
    assert shared("grams", *SENTENCES[name]) > 0.4
    assert shared("grams", one, other) < 0.1
    assert shared("grams", one, one[:100] + chr(first) + one[101:]) > 0.85


def test_short_prompts() -> None:
    assert shared("grams", "reset my password", "reset my pasword") > 0.4
    assert shared("grams", "reset my password", "Reset my password?") == 1
    assert shared("grams", "reset my password", "what time is it") < 0.2
    assert shared("grams", "hi", "Hi!") == 1
    assert len({shape(t)["grams"] for t in ("a", "b", "ab", "a b", "abcd", "abcde", "你", "你好")}) == 8


@pytest.mark.parametrize("edits", [1, 3, 8])
def test_grams_estimate_the_share_of_characters_in_common(edits: int) -> None:
    errors = []
    for seed in range(30):
        one = " ".join(prose(seed, 120))
        other = misspelt(one, seed, edits * 4)
        a, b = ({t[i : i + 5] for i in range(len(t) - 4)} for t in (one, " ".join(other.split())))
        errors.append(shared("grams", one, other) - len(a & b) / len(a | b))
    assert abs(np.mean(errors)) < 4 * 0.5 / (BINS * len(errors)) ** 0.5


def test_sizes_of_what_is_kept() -> None:
    for found in shapes("one", "one two", "one two three four", " ".join(prose(2, 4_000))):
        assert len(found["grams"]) == 2 * BINS
        assert len(found["shingles"]) == 4 * min(SHINGLES, max(1, found["words"] - 2))
