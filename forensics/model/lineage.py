"""Nodes of the near-duplicate forest: every item beside the most similar earlier one of its client, and the step between them."""

import pyarrow as pa

from forensics.model.event import ARROW_TYPES, Column

NODES: tuple[Column, ...] = (
    Column("event_id", "VARCHAR", "The call that the query came in"),
    Column("idx", "INTEGER", "Position within the call, from 0"),
    Column("ts", "TIMESTAMPTZ", "As in `events`"),
    Column("client_id", "VARCHAR", "As in `events`"),
    Column("model", "VARCHAR", "As in `events`; 'unknown' where the log names none"),
    Column("modality", "VARCHAR", "text or vector; others have no node"),
    Column(
        "shape",
        "BIGINT",
        "Vectors: number of their set of fields within the model, from 1; text: 0. Only queries of one shape are compared",
    ),
    Column("place", "BIGINT", "Position among the client's queries of this model and shape, from 0, in order of time"),
    Column(
        "parent", "BIGINT", "`place` of the most similar earlier query of the client among its last 512 distinct ones; null for its first"
    ),
    Column("lineage", "BIGINT", "`place` of the first query of the group of near copies and repeats that this one belongs to"),
    Column("repeat", "BOOLEAN", "The same query stood among those"),
    Column("near", "BOOLEAN", "The parent is a near copy, and no repeat"),
    Column(
        "distance",
        "DOUBLE",
        "To the parent. Vectors: in usual distances between neighbours of different clients of the model; text: 1 - Jaccard of shingles",
    ),
    Column("gap", "DOUBLE", "The same, to the query just before"),
    Column("changed", "BIGINT", "Vectors: coordinates that differ from the parent's"),
    Column(
        "kept",
        "DOUBLE",
        "Vectors: share of the finely graded coordinates that equal the parent's; null where the model has fewer than four such",
    ),
    Column("axis", "BIGINT", "Vectors: which one changed, where it is one"),
    Column("delta", "DOUBLE", "Vectors: by how much that one changed, in robust deviations of the population"),
    Column("even", "BOOLEAN", "Vectors: most coordinates that changed did so by one and the same amount"),
    Column(
        "step_hash",
        "BIGINT",
        "Vectors: equal for equal steps from the query just before, in robust deviations to six digits; null where it moves fewer than two "
        "coordinates",
    ),
    Column("line", "BOOLEAN", "Vectors: lies on the straight line through two of the ten queries before"),
    Column(
        "outside",
        "DOUBLE",
        "Vectors: mean distance to the three nearest of a sample of other clients' rows, 1 is usual; null for repeats and near copies, "
        "and for most rows of a heavy client",
    ),
    Column("outside_deviations", "DOUBLE", "Vectors: the same, less what is usual, in robust deviations between clients"),
    Column(
        "cell",
        "BIGINT",
        "Part of the input space. Vectors: one standard deviation wide along the three directions in which the population varies most; "
        "text: by its first eight words",
    ),
    Column("same_head", "BOOLEAN", "Text: begins with the same eight words as the parent"),
    Column("same_tail", "BOOLEAN", "Text: ends with the same eight words as the parent"),
    Column("same_words", "BOOLEAN", "Text: the same words as the parent, case and punctuation aside, but not the same query"),
    Column("same_length", "BOOLEAN", "Text: as many words as the parent"),
    Column("flip", "BOOLEAN", "The model answered another label than it did to the parent; null where a label is missing"),
    Column("margin_rank", "DOUBLE", "Share of the model's population with a smaller margin; null where the log has no scores"),
)


def nodes_schema() -> pa.Schema:
    """Arrow schema of the nodes, columns in documented order."""
    return pa.schema([pa.field(c.name, ARROW_TYPES[c.type]) for c in NODES])
