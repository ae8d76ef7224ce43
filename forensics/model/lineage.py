"""Nodes of the near-duplicate forest: every item beside the most similar earlier ones, and the step between them."""

from forensics.model.event import TABLES, Column

_DISTANCE = "Vectors: in usual distances between neighbours of different clients of the model; text: 1 - Jaccard of shingles"

NODES: tuple[Column, ...] = (
    Column("node", "BIGINT", "Number of the query: a hash of `event_id` and `idx`. Parents, anchors and lineages are such numbers"),
    Column("event_id", "VARCHAR", "The call that the query came in"),
    Column("idx", "INTEGER", "Position within the call, from 0"),
    Column("ts", "TIMESTAMPTZ", "As in `events`"),
    Column("client_id", "VARCHAR", "As in `events`"),
    Column("model", "VARCHAR", "As in `events`; 'unknown' where the log names none"),
    Column("modality", "VARCHAR", "text or vector; others have no node"),
    Column("shape", "BIGINT", "Vectors: hash of their number and names of fields; text: 0. Only queries of one shape are compared"),
    Column(
        "place",
        "BIGINT",
        "Position among the client's queries of this model and shape, from 0, in order of time; counted anew by each scan",
    ),
    Column(
        "parent",
        "BIGINT",
        "`node` of the most similar earlier query of the same client, near or not (see `near`, `repeat`, `grows`); what is not near stands "
        "among the last 64 of its rows, or 16 of its texts; null where there is none",
    ),
    Column("anchor", "BIGINT", "`node` of the first query of the client's group of near copies and repeats that this one belongs to"),
    Column("repeat", "BOOLEAN", "The client sent the same query before, as far as is remembered from night to night; it is the parent"),
    Column("near", "BOOLEAN", "The parent is a near copy, and no repeat"),
    Column(
        "grows",
        "BOOLEAN",
        "Text: the parent is repeated whole, and the text goes on, as a conversation does; what is new in it is no near copy",
    ),
    Column("distance", "DOUBLE", f"To the parent. {_DISTANCE}"),
    Column("gap", "DOUBLE", "The same, to the query just before"),
    Column("changed", "BIGINT", "Vectors: coordinates that differ from the parent's"),
    Column(
        "kept",
        "DOUBLE",
        "Vectors: share of the finely graded coordinates that equal the parent's; null where the model has fewer than four such",
    ),
    Column("axis", "BIGINT", "Vectors: which one changed, from 0 in the order of `vectors`, where it is one"),
    Column("delta", "DOUBLE", "Vectors: by how much that one changed, in robust deviations of the population"),
    Column("even", "BOOLEAN", "Vectors: most coordinates that changed did so by one and the same amount"),
    Column("cosine", "DOUBLE", "Vectors: of the angle between the step from the parent and the parent's own step"),
    Column(
        "step_hash",
        "BIGINT",
        "Vectors: equal for equal steps from the query just before, in robust deviations to six digits; null where it moves fewer than two "
        "coordinates",
    ),
    Column("line", "BOOLEAN", "Vectors: lies on the straight line through two of the sixteen queries before"),
    Column("halfway", "BOOLEAN", "Vectors: lies halfway between two of these, as a step of a bisection does"),
    Column(
        "corner",
        "BOOLEAN",
        "Vectors: is a + b - c of three of these: one step was made from two rows, or two steps mirror each other",
    ),
    Column(
        "contrast",
        "DOUBLE",
        "Vectors: distance to the nearest of these, divided by the median distance to all of them; null where there are fewer than four",
    ),
    Column("lag", "BIGINT", "Vectors: by how many different queries of the client it comes after the parent; 1 is right after it"),
    Column(
        "twin",
        "BIGINT",
        "Vectors: `node` of the one, of the last 256 different queries, with which it shares most exact values, rare agreement counting "
        "for more; null where it shares none",
    ),
    Column("twin_shared", "DOUBLE", "Vectors: that share, beyond what any two rows share, 0 to 1"),
    Column("twin_covered", "DOUBLE", "Vectors: share of values that the twin and one more of the 256 explain together, weighed alike"),
    Column("twin_lag", "BIGINT", "Vectors: by how many different queries of the client it comes after the twin"),
    Column("twin_changed", "BIGINT", "Vectors: coordinates that differ from the twin's"),
    Column("twin_distance", "DOUBLE", "Vectors: distance to the twin, in usual distances"),
    Column(
        "outside",
        "DOUBLE",
        "Vectors: mean distance to the three nearest of a sample of other clients' rows, 1 is usual; null for repeats and near copies, "
        "and for most rows of a heavy client. Text: share of its five-character runs that no sampled text of another client has; null for "
        "repeats and texts of one or two words",
    ),
    Column(
        "outside_rank", "DOUBLE", "Share of the vectors, or texts, of the model's clients, every client's alike, that lie less far outside"
    ),
    Column("outside_deviations", "DOUBLE", "Vectors: the same, less what is usual, in robust deviations between clients"),
    Column(
        "cell",
        "BIGINT",
        "Part of the input space. Vectors: one standard deviation wide along the three directions in which the population varies most; "
        "text: by its first eight words",
    ),
    Column(
        "company",
        "BIGINT",
        "Vectors: clients that go through near copies of this client's rows in the same order, and have one of this row at the same place; "
        "null for most rows of a heavy client, which are not looked at",
    ),
    Column(
        "edited_words",
        "BIGINT",
        "Text: words that differ from the parent's: place by place where both have as many, else what the longer one has between their "
        "common beginning and end; null where that is not known, in the middle of long texts",
    ),
    Column("new_words", "BIGINT", "Text: words that the parent has nowhere, as far as they are kept; null like `edited_words`"),
    Column("edit_start", "BIGINT", "Text: words before the first of these"),
    Column("edit_end", "BIGINT", "Text: words after the last of these"),
    Column(
        "stock_answer",
        "BOOLEAN",
        "Text: answered with what the model tells one client in twenty or more, a sentence or two, as refusals are in any language; false "
        "where some are known to be refusals, null where there is no answer",
    ),
    Column("same_head", "BOOLEAN", "Text: begins with the same eight words as the parent"),
    Column("same_tail", "BOOLEAN", "Text: ends with the same eight words as the parent"),
    Column("same_words", "BOOLEAN", "Text: the same words as the parent, case and punctuation aside, but not the same query"),
    Column("same_length", "BOOLEAN", "Text: as many words as the parent"),
    Column("same_skeleton", "BOOLEAN", "Text: the same as the parent but for numbers, quotations, names and code"),
    Column("flip", "BOOLEAN", "The model answered another label than it did to the parent, near or not; null where a label is missing"),
    Column("score_step", "DOUBLE", "Top score less the parent's; null where one is missing"),
    Column("margin_rank", "DOUBLE", "Share of the model's population with a smaller margin; null where the log has no scores"),
    Column(
        "lineage",
        "BIGINT",
        "`node` of the earliest query of the tree that this one belongs to, over all clients of the model and from night to night: near "
        "copies, repeats and kin are in one",
    ),
    Column("began", "TIMESTAMPTZ", "Time of that earliest query"),
    Column(
        "kin",
        "BIGINT",
        "`node` of the nearest earlier query of any client, this one too, where it is so close that chance seldom brings those of two "
        "clients so close; null where there is none",
    ),
    Column("kin_foreign", "BOOLEAN", "The kin is another client's; null without kin"),
    Column("kin_repeat", "BOOLEAN", "The kin is the same query; null without kin"),
    Column("kin_distance", "DOUBLE", f"To the kin. {_DISTANCE}"),
    Column("kin_changed", "BIGINT", "`changed`, against the kin"),
    Column("kin_axis", "BIGINT", "`axis`, against the kin"),
    Column("kin_delta", "DOUBLE", "`delta`, against the kin"),
    Column("kin_even", "BOOLEAN", "`even`, against the kin"),
    Column("kin_cosine", "DOUBLE", "`cosine`, of steps from kin to kin"),
    Column("kin_flip", "BOOLEAN", "`flip`, against the kin"),
    Column("kin_score_step", "DOUBLE", "`score_step`, against the kin"),
)

REPRESENTATIVES: tuple[Column, ...] = (
    Column("node", "BIGINT", "As in `nodes`"),
    Column("ts", "TIMESTAMPTZ", "As in `nodes`"),
    Column("client_id", "VARCHAR", "As in `nodes`"),
    Column("model", "VARCHAR", "As in `nodes`"),
    Column("shape", "BIGINT", "As in `nodes`"),
    Column("anchor", "BIGINT", "As in `nodes`"),
    Column("lineage", "BIGINT", "As in `nodes`; the latest query of each lineage of two or more stands for it"),
    Column("began", "TIMESTAMPTZ", "As in `nodes`"),
    Column("label", "VARCHAR", "As in `items`"),
    Column("top_score", "DOUBLE", "As in `items`"),
    Column("exact_hash", "VARCHAR", "As in `items`"),
    Column("words", "BIGINT", "As in `items`"),
    Column("fold_hash", "BIGINT", "As in `items`"),
    Column("head_hash", "BIGINT", "As in `items`"),
    Column("tail_hash", "BIGINT", "As in `items`"),
    Column("masked_hash", "BIGINT", "As in `items`"),
    Column("shingles", "BLOB", "As in `items`"),
    Column("grams", "BLOB", "As in `items`"),
    Column("ordered", "BLOB", "As in `items`"),
    Column("vector", "DOUBLE[]", "As in `vectors`"),
)

# What scans make of the queries and keep beside them, and everything that the store keeps by date.
DERIVED: dict[str, tuple[Column, ...]] = {"nodes": NODES, "representatives": REPRESENTATIVES}
LAKE: dict[str, tuple[Column, ...]] = TABLES | DERIVED

LINEAGES: tuple[Column, ...] = (
    Column("model", "VARCHAR", "As in `nodes`"),
    Column("lineage", "BIGINT", "As in `nodes`"),
    Column("root_event_id", "VARCHAR", "The call of its earliest query, where that one has a node in the store"),
    Column("modality", "VARCHAR", "As in `nodes`"),
    Column("queries", "BIGINT", "All of them"),
    Column("size", "BIGINT", "Different ones: exact repeats, by whomever, are one"),
    Column("clients", "BIGINT", "Clients that sent them"),
    Column("flips", "BIGINT", "Near copies that were answered with another label than what they are a copy of"),
    Column("first_seen", "TIMESTAMPTZ", "Time of the earliest query"),
    Column("last_seen", "TIMESTAMPTZ", "Time of the latest query"),
)
# Lineages of two queries or more, counted from whatever nodes there are.
LINEAGES_SQL = """
select model, lineage, any_value(event_id) filter (node = lineage) as root_event_id, any_value(modality) as modality,
  count(*) as queries, count(*) filter (not repeat and not coalesce(kin_repeat, false)) as size, count(distinct client_id) as clients,
  count(*) filter (case when kin is null then near and flip else not kin_repeat and kin_flip end) as flips,
  min(ts) as first_seen, max(ts) as last_seen
from nodes group by model, lineage having count(*) > 1"""
