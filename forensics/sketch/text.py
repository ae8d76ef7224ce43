"""What is kept of a text: its shape, keyed hashes of its parts, and sketches that near copies share. Never the text.

Words are runs of letters and digits (of what is beyond ASCII all but spaces, dashes and quotation marks count as letters), folded to
lower case; a run too long for a word, as in scripts without spaces, is read in overlapping pieces. A word becomes a SipHash-1-3 under the
key; what follows is computed from these, in `forensics.sketch.kernel`.

* ``shingles``: hashes of three words in a row, the smallest 512 of the distinct ones: a bottom-k sketch (Cohen and Kaplan 2007; Thorup
  2013), of texts up to 514 words all there is. Of two texts, take the smallest 512 of both together: the share of these that both have
  is the Jaccard index (Broder 1997), or estimates it.
* ``grams``: a MinHash of five characters in a row by one permutation (Li, Owen and Zhang 2012), empty bins filled from others
  (Shrivastava 2017), 16 bits kept of each (Li and König 2010): alike where words are misspelt, which leaves few shingles of a short text.
  Characters are code points, by their last eleven bits; what stands between words counts as one space.
* ``ordered``: 16 bits each of the first and the last 64 words, in order: which words of a near copy differ, and where.
* ``masked_hash``: the words with slots masked, ``slot_hash``: what stands in these. A slot is a word with a digit, a quotation (of up
  to 400 words and 4,000 bytes, within one paragraph, or a fenced block of code), or a name: a word with a capital letter (of ASCII) that
  begins no sentence and no line, or one of capital letters alone, unless most words are such. Slots without a word between are one.
"""

import hashlib
from collections.abc import Callable
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from duckdb.func import FunctionNullHandling, PythonUDFType
from duckdb.sqltypes import DuckDBPyType

from forensics.sketch import kernel
from forensics.sketch.classes import SECRETS
from forensics.sketch.key import Key
from forensics.sketch.sets import BINS

_CLASSES: Final = ("other", "upper", "lower", "stop", "word")
_TYPES: Final = {
    "words": "bigint",
    "runs": "bigint",
    "fold_hash": "bigint",
    "head_hash": "bigint",
    "tail_hash": "bigint",
    "masked_hash": "bigint",
    "slot_hash": "bigint",
    "slots": "integer",
    "opens": "varchar",
    "closes": "varchar",
    "top_word_share": "double",
    "letter_share": "double",
    "shingles": "blob",
    "grams": "blob",
    "ordered": "blob",
}


def install_text(connection: duckdb.DuckDBPyConnection, key: Key) -> None:
    """Define ``text_shape(varchar)`` in ``connection``: a struct of the columns of `items` that are made from a text; null for null.

    ``words``; ``runs``: what stands between spaces; ``fold_hash``, ``head_hash``, ``tail_hash``: of all, the first and the last eight
    words, 64 bits; ``masked_hash``: of the words with slots masked; ``slot_hash``, ``slots``: of what stands in the slots, and how many;
    ``opens`` (upper, lower, other) and ``closes`` (stop, word, other): how the text begins and ends; ``top_word_share``: of the commonest
    word; ``letter_share``: of the characters, letters and spaces; ``shingles``: up to 512 little-endian 32-bit values, ascending;
    ``grams``: 64 little-endian 16-bit values; ``ordered``: up to 128 of 16 bits. All but ``words``, ``runs``, ``masked_hash``, ``slots``,
    ``opens``, ``closes`` and ``letter_share`` are null where there is no word, ``slot_hash`` where there is no slot.
    """
    connection.create_function(
        "text_shape",
        describer(key),
        ["varchar"],
        DuckDBPyType(f"struct({', '.join(f'{name} {kind}' for name, kind in _TYPES.items())})"),
        type=PythonUDFType.ARROW,
        null_handling=FunctionNullHandling.SPECIAL,
    )


def secrets_of(key: Key) -> np.ndarray[Any, np.dtype[np.uint64]]:
    """The 64-bit secrets of the kernel, the first two of them SipHash's key. From none of them follows another."""
    made = hashlib.blake2b(b"forensics text shape", key=key.secret, digest_size=8 * SECRETS).digest()
    return np.frombuffer(made, "<u8").astype(np.uint64)


def describer(key: Key) -> Callable[[pa.Array], pa.StructArray]:
    """The function behind ``text_shape``: an Arrow array of strings to a struct array of the same length."""
    secrets = secrets_of(key)

    def describe(texts: pa.Array) -> pa.StructArray:
        if isinstance(texts, pa.ChunkedArray):
            texts = texts.combine_chunks()
        missing = np.asarray(texts.is_null())
        plain = texts.fill_null("").cast(pa.large_string())
        _, offsets, data = plain.buffers()
        n = len(plain)
        starts = np.frombuffer(offsets, np.int64)[plain.offset : plain.offset + n + 1]
        raw = np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(1, np.uint8)
        return _columns(missing, *kernel.describe(raw, starts, secrets))

    return describe


def _columns(
    missing: Any, counts: Any, hashes: Any, classes: Any, shares: Any, shingles: Any, ends: Any, grams: Any, ordered: Any, order_ends: Any
) -> pa.StructArray:
    """The kernel's arrays as a struct of Arrow arrays in the order of `_TYPES`."""
    blank = missing | (counts[:, 0] == 0)
    labels = pa.array(_CLASSES)
    columns = [
        pa.array(counts[:, 0], mask=missing),
        pa.array(counts[:, 2], mask=missing),
        *(pa.array(hashes[:, i].view(np.int64), mask=blank) for i in range(3)),
        pa.array(hashes[:, 3].view(np.int64), mask=missing),
        pa.array(hashes[:, 4].view(np.int64), mask=missing | (counts[:, 1] == 0)),
        pa.array(counts[:, 1].astype(np.int32), mask=missing),
        *(pa.DictionaryArray.from_arrays(pa.array(classes[:, i], mask=missing), labels).cast(pa.string()) for i in range(2)),
        *(pa.array(shares[:, i], mask=missing | np.isnan(shares[:, i])) for i in range(2)),
        _binary(shingles.astype("<u4", copy=False), 4 * ends, blank),
        _binary(grams.astype("<u2", copy=False), np.arange(len(blank) + 1, dtype=np.int32) * (2 * BINS), blank),
        _binary(ordered.astype("<u2", copy=False), 2 * order_ends, blank),
    ]
    return pa.StructArray.from_arrays(columns, list(_TYPES))


def _binary(values: Any, ends: Any, null: Any) -> pa.Array:
    validity = pa.array(~null)
    whole = pa.BinaryArray.from_buffers(pa.binary(), len(null), [None, pa.py_buffer(ends.astype(np.int32)), pa.py_buffer(values)])
    return pc.if_else(validity, whole, pa.scalar(None, pa.binary()))
