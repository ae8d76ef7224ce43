"""Pictures of queries in text, whose words are not stored: when, how long, how answered, and which repeat a skeleton."""

from datetime import UTC, datetime

import numpy as np
import polars as pl

from forensics.report.chart import (
    BOTTOM,
    HEIGHT,
    Axis,
    Chart,
    Floats,
    Marks,
    Shape,
    across,
    bar_path,
    counted,
    drawn,
    line_path,
    padded,
    power_ticks,
    round_ticks,
    time_ticks,
    upward,
    visible,
)
from forensics.report.numeric import sampling
from forensics.report.rows import Traffic

SKELETONS_JOINED = 8
BINS_PER_POWER = 8
STRIP_WIDTH, STRIP_HEIGHT = 960.0, 120.0
MOST_BARS = 200
HOUR, DAY = 3600.0, 86400.0

# In this order; the first that holds is the colour.
_KINDS: tuple[tuple[str, Shape, str, pl.Expr], ...] = (
    ("refused", "cross", "s5", pl.col("refused")),
    ("failed", "cross", "s4", ~pl.col("outcome").is_in(["ok", "unknown"])),
    ("had the prompt scored", "square", "s2", pl.col("echo")),
    ("cut off at the length asked for", "dot", "s3", pl.col("finish_reason").is_in(["length", "max_tokens"])),
)


def timeline(traffic: Traffic) -> Chart:
    """Queries over time, by length; colour tells how they ended."""
    queries = traffic.queries
    at, logs = queries["at"].to_numpy(), _log_sizes(queries)
    horizontal, vertical = across(*padded(at, 0.02)), upward(*padded(logs, 0.08))
    x, y = horizontal(at), vertical(logs)
    joined, repeats = _joined(queries, x, y)
    rest = np.ones(len(queries), dtype=bool)
    marks, entries = [joined], []
    for text, shape, style, holds in _KINDS:
        flags = queries.select(holds.fill_null(False)).to_series().to_numpy() & rest
        rest = rest & ~flags
        marks.append(drawn(shape, style, x, y, flags))
        entries.append((shape, style, text, int(flags.sum())))
    marks.insert(1, drawn("dot", "s1", x, y, rest))
    entries.insert(0, ("dot", "s1", "answered", int(rest.sum())))
    return Chart(
        "timeline",
        "When, how long, how it ended",
        f"Each mark is one query. {repeats:,} of {len(queries):,} have the skeleton (the text with its numbers, quotations and names "
        f"masked) of another one; lines join the {SKELETONS_JOINED} most frequent skeletons. {_gaps(at)} {sampling(traffic, len(queries))}",
        Axis(f"time (UTC), from {_moment(float(at.min()))}", time_ticks(horizontal)),
        Axis(f"{_unit(queries)} of the query (log)", power_ticks(vertical)),
        visible(marks),
        counted(entries),
    )


def _joined(queries: pl.DataFrame, x: Floats, y: Floats) -> tuple[Marks, int]:
    """Lines through the queries of the most frequent skeletons, and how many queries share theirs with another."""
    rows = queries.select("masked_hash").with_row_index("row").drop_nulls()
    groups = rows.group_by("masked_hash").agg("row", pl.len().alias("count")).filter(pl.col("count") > 1)
    frequent = groups.sort(["count", "masked_hash"], descending=[True, False]).head(SKELETONS_JOINED)["row"]
    lines = (np.sort(np.array(group, dtype=np.int64)) for group in frequent)
    return Marks("line", "path", "".join(line_path(x[line], y[line]) for line in lines)), int(groups["count"].sum())


def _gaps(at: Floats) -> str:
    gaps = np.diff(np.sort(at))
    return f"Median time between two of them: {_duration(float(np.median(gaps)))}." if gaps.size else ""


def sizes(traffic: Traffic) -> Chart:
    """Lengths of the queries beside those of the model's other clients, as shares."""
    unit = _unit(traffic.queries)
    mine = _log_sizes(traffic.queries)
    usual = _log_sizes(traffic.usual.filter(pl.col("size").is_not_null()))
    both = np.concatenate([mine, usual])
    first, last = np.floor(both.min() * BINS_PER_POWER), np.floor(both.max() * BINS_PER_POWER) + 1
    edges = np.arange(first, last + 1) / BINS_PER_POWER
    share, compared = (np.histogram(v, edges)[0] / max(1, len(v)) * 100 for v in (mine, usual))
    horizontal, vertical = across(float(edges[0]), float(edges[-1])), upward(0.0, max(10.0, share.max(), compared.max()) * 1.05)
    left, right = horizontal(edges[:-1]), horizontal(edges[1:])
    outline = line_path(np.repeat(horizontal(edges), 2), np.concatenate([[vertical(0)], np.repeat(vertical(compared), 2), [vertical(0)]]))
    marks = [Marks("bar", "s1", bar_path(left + 1, right - 1, vertical(share), HEIGHT - BOTTOM))]
    marks += [Marks("line", "compared", outline)] if usual.size else []
    return Chart(
        "sizes",
        "Length of the queries",
        _sizes_caption(traffic, unit, mine, usual),
        Axis(f"{unit} of the query (log)", power_ticks(horizontal)),
        Axis("share of queries (%)", round_ticks(vertical)),
        visible(marks),
        counted([("bar", "s1", "this incident", len(mine)), ("line", "compared", "other clients", len(usual))]),
    )


def _sizes_caption(traffic: Traffic, unit: str, mine: Floats, usual: Floats) -> str:
    bars = "Bars: share of this incident's queries of each length"
    if not usual.size:
        return f"{bars}, median {_middle(mine)} {unit}. No other client sent this model anything to compare with."
    return (
        f"{bars}; line: {len(usual):,} queries of {traffic.usual['client_id'].n_unique():,} other clients of the model. "
        f"Median {unit}: {_middle(mine)} here, {_middle(usual)} elsewhere. A narrow bar far from the line is a template or a list."
    )


def strip(traffic: Traffic, start: datetime, end: datetime) -> Chart:
    """Calls per clock hour, or per day where the window is long."""
    first, last = (moment.astimezone(UTC).timestamp() for moment in (start, end))
    width = HOUR if last - first <= MOST_BARS * HOUR else DAY
    slot = np.floor(traffic.hours["hour"].to_numpy() / width).astype(np.int64)
    which, inverse = np.unique(slot, return_inverse=True)
    calls = np.bincount(inverse, weights=traffic.hours["calls"].to_numpy().astype(np.float64))
    left = which * width
    horizontal = across(min(first, float(left.min())), max(last, float(left.max()) + width), STRIP_WIDTH)
    vertical = upward(0.0, float(calls.max()) * 1.05, STRIP_HEIGHT)
    x = horizontal(left)
    bars = bar_path(x, np.maximum(horizontal(left + width) - 0.5, x + 1.2), vertical(calls), STRIP_HEIGHT - BOTTOM)
    name = "hour" if width == HOUR else "day"
    return Chart(
        "strip",
        f"Calls per {name}",
        f"{int(calls.sum()):,} calls; {name}s with any: {len(which):,}; in the busiest: {int(calls.max()):,}. "
        "The axis is the scan's window: a night's burst, office hours and a clock's regular bars look different.",
        Axis("time (UTC)", time_ticks(horizontal, 8)),
        Axis("calls", round_ticks(vertical, 2)),
        visible([Marks("bar", "s1", bars)]),
        width=STRIP_WIDTH,
        height=STRIP_HEIGHT,
    )


def _log_sizes(frame: pl.DataFrame) -> Floats:
    values: Floats = frame["size"].fill_null(1).to_numpy().astype(np.float64)
    return np.asarray(np.log10(np.maximum(values, 1.0)), dtype=np.float64)


def _unit(queries: pl.DataFrame) -> str:
    tokens = int((queries["modality"] == "tokens").sum())
    return "tokens" if tokens * 2 > len(queries) else "characters"


def _middle(logs: Floats) -> str:
    return f"{float(10 ** np.median(logs)):,.0f}"


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")


def _duration(seconds: float) -> str:
    for unit, size in (("days", DAY), ("hours", HOUR), ("minutes", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"
