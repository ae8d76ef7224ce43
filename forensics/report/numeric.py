"""Pictures of numeric queries: where they lie among the model's others, and how far each is from the nearest earlier one."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from forensics.model.text import printable, shortened
from forensics.report.chart import (
    SHAPES,
    Axis,
    Chart,
    Flags,
    Floats,
    Key,
    Marks,
    Shape,
    across,
    counted,
    drawn,
    padded,
    power_ticks,
    round_ticks,
    upward,
    visible,
)
from forensics.report.rows import RUN, Traffic
from forensics.report.space import Plane, Space, nearest_earlier, projected, scaled

POPULATION_DRAWN = 400
LOW_MARGIN = 0.1
# Nearer than this, in interquartile ranges, is the same row but for rounding.
SAME = 1e-9


@dataclass(frozen=True, slots=True)
class Answers:
    """What the colours stand for: a place in ``names`` for each query; ``of`` says what they are; -1 is none."""

    of: str
    names: tuple[str, ...]
    code: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Numeric:
    """One incident's numeric queries in order of time, scaled like the model's population."""

    traffic: Traffic
    queries: pl.DataFrame
    population: int
    clients: int
    width: int
    space: Space
    answers: Answers


def numeric(traffic: Traffic) -> Numeric | None:
    """The queries that came as rows of numbers; null where fewer than two did. Rows of another width than most are left out."""
    with_rows = traffic.queries.filter(pl.col("vector").list.len() > 0)
    if len(with_rows) < 2:
        return None
    width = int(with_rows["vector"].list.len().mode().sort()[0])
    mine = with_rows.filter(pl.col("vector").list.len() == width)
    usual = traffic.usual.filter(pl.col("vector").list.len() == width).head(POPULATION_DRAWN)
    return Numeric(
        traffic=traffic,
        queries=mine,
        population=len(usual),
        clients=usual["client_id"].n_unique(),
        width=width,
        space=scaled(_matrix(usual, width), _matrix(mine, width)),
        answers=_answers(traffic, mine),
    )


def _matrix(frame: pl.DataFrame, width: int) -> Floats:
    if frame.is_empty():
        return np.zeros((0, width))
    return frame["vector"].list.explode().fill_null(np.nan).to_numpy().astype(np.float64).reshape(len(frame), width)


def _answers(traffic: Traffic, mine: pl.DataFrame) -> Answers:
    """By client where there are several, since that is what matters then; else by label; else by thirds of the numbers answered."""
    if len(traffic.clients) > 1:
        return Answers(
            "client",
            tuple(shortened(printable(c), 40) for c in traffic.clients),
            np.array([traffic.clients.index(c) for c in mine["client_id"]]),
        )
    if mine["label"].null_count() < len(mine):
        return _labels(mine["label"])
    known = (traffic.usual if traffic.usual["output_value"].drop_nulls().len() >= 3 else mine)["output_value"].drop_nulls().to_numpy()
    if known.size and mine["output_value"].null_count() < len(mine):
        low, high = (float(v) for v in np.quantile(known, [1 / 3, 2 / 3]))
        values = mine["output_value"].fill_null(np.nan).to_numpy()
        code = np.where(np.isnan(values), -1, np.digitize(np.nan_to_num(values), [low, high]))
        return Answers("number", (f"answered below {low:.4g}", f"{low:.4g} to {high:.4g}", f"{high:.4g} and above"), code)
    return Answers("answer", (), np.full(len(mine), -1))


def _labels(labels: pl.Series) -> Answers:
    found = labels.drop_nulls().value_counts().sort(["count", labels.name], descending=[True, False])[labels.name].to_list()
    names = found if len(found) <= len(SHAPES) else [*found[: len(SHAPES) - 1], None]
    place = {name: n for n, name in enumerate(names)}
    code = [-1 if label is None else place.get(label, len(SHAPES) - 1) for label in labels]
    shown = (f"{len(found) - len(SHAPES) + 1} other labels" if n is None else f"label {shortened(printable(n), 40)}" for n in names)
    return Answers("label", tuple(shown), np.array(code))


def map_chart(data: Numeric) -> Chart:
    """Queries in the two principal components of the model's population."""
    plane = projected(data.space)
    everything = np.vstack([plane.reference, plane.rows])
    horizontal, vertical = across(*padded(everything[:, 0])), upward(*padded(everything[:, 1]))
    x, y = horizontal(plane.rows[:, 0]), vertical(plane.rows[:, 1])
    low = data.queries["margin"].fill_null(np.inf).to_numpy() <= LOW_MARGIN
    marks = [
        drawn("dot", "usual", horizontal(plane.reference[:, 0]), vertical(plane.reference[:, 1])),
        Marks("line", "path", "".join(drawn("line", "path", x, y, run).path for run in _runs(data))),
        *(drawn(shape, style, x, y, chosen) for shape, style, _, chosen in _series(data.answers)),
        drawn("ring", "ring", x, y, low),
    ]
    keys: list[Key] = [*counted([("dot", "usual", "other clients", data.population)]), *_keys(data.answers)]
    keys += counted([("ring", "ring", f"margin at most {LOW_MARGIN:g}", int(low.sum()))])
    return Chart(
        "map",
        "Where the queries lie",
        _map_caption(data, plane),
        Axis("first principal component (interquartile ranges)", round_ticks(horizontal)),
        Axis("second principal component", round_ticks(vertical)),
        visible(marks),
        tuple(keys),
    )


def _series(answers: Answers) -> list[tuple[Shape, str, str, Flags]]:
    named: list[tuple[Shape, str, str, Flags]] = [(SHAPES[n], f"s{n + 1}", name, answers.code == n) for n, name in enumerate(answers.names)]
    return [*named, ("dot", "none", f"no {answers.of}", answers.code == -1)]


def _keys(answers: Answers) -> tuple[Key, ...]:
    entries = [(shape, style, name, int(chosen.sum())) for shape, style, name, chosen in _series(answers)]
    return counted(entries)


def _runs(data: Numeric) -> list[Flags]:
    """Queries of one client that follow each other without a gap."""
    slot, n = data.queries["slot"].to_numpy(), data.queries["n"].to_numpy()
    found = []
    for client in np.unique(slot):
        mine = np.flatnonzero(slot == client)
        for run in np.split(mine, np.flatnonzero(np.diff(n[mine]) != 1) + 1):
            flags = np.zeros(len(slot), dtype=bool)
            flags[run] = True
            found.append(flags)
    return found


def _map_caption(data: Numeric, plane: Plane) -> str:
    told = [
        "Each mark is one query; thin lines join queries that were sent one after the other.",
        f"Grey: {data.population:,} queries of {data.clients:,} other clients of this model."
        if data.population
        else "No other client sent this model rows of this width.",
        "Queries of ordinary use lie among the grey; knots, straight rows, grids and stretches far from it do not.",
        f"The two axes hold {plane.share:.0%} of the spread of {data.width - data.space.dropped:,} coordinates"
        + (f"; {data.space.dropped:,} that never change are left out." if data.space.dropped else "."),
        sampling(data.traffic, len(data.queries)),
    ]
    return " ".join(t for t in told if t)


def sampling(traffic: Traffic, shown: int) -> str:
    """What part of the queries a picture shows."""
    if shown == traffic.total:
        said = f"All {shown:,} queries are shown."
    else:
        said = f"{shown:,} of {traffic.total:,} queries are shown, in evenly spaced runs of {RUN} consecutive ones."
    if traffic.others:
        said += f" {traffic.others:,} further clients of this incident are not drawn."
    return said


def step_chart(data: Numeric) -> Chart:
    """Distance of each query to the nearest earlier one, over the order of queries."""
    near = nearest_earlier(data.space.rows)
    order = np.arange(2, len(data.queries) + 1, dtype=np.float64)
    moved = near.distance > SAME
    logs = np.log10(np.where(moved, near.distance, 1.0))
    low, high = padded(logs[moved]) if moved.any() else (-1.0, 1.0)
    floor = np.floor(low) - 0.35
    repeats = not moved.all()
    horizontal, vertical = across(*padded(order)), upward(floor - 0.2 if repeats else low, high)
    x, y = horizontal(order), vertical(np.where(moved, logs, floor))
    flip = _flips(data.queries, near.index)
    marks = (drawn("dot", "s1", x, y, moved & ~flip), drawn("dot", "none", x, y, ~moved & ~flip), drawn("cross", "s5", x, y, flip))
    keys = counted(
        [
            ("dot", "s1", "a step", int((moved & ~flip).sum())),
            ("cross", "s5", "another label than the nearest", int(flip.sum())),
            ("dot", "none", "exact repeat", int((~moved & ~flip).sum())),
        ]
    )
    ticks = tuple(t for t in power_ticks(vertical) if not repeats or t.at < float(vertical(floor + 0.3)))
    return Chart(
        "steps",
        "How far each query is from the nearest earlier one",
        _step_caption(data, near.distance[moved], int(flip.sum()), int((~moved).sum())),
        Axis("query, in order of time" + ("" if len(data.queries) == data.traffic.total else " (of those shown)"), round_ticks(horizontal)),
        Axis("distance (interquartile ranges, log)", ticks),
        visible(marks),
        keys,
    )


def _flips(queries: pl.DataFrame, nearest: npt.NDArray[np.int64]) -> Flags:
    label = np.array([v if v is not None else "" for v in queries["label"]], dtype=object)
    mine, other = label[1:], label[nearest]
    return np.asarray((mine != other) & (mine != "") & (other != ""), dtype=bool)


def _step_caption(data: Numeric, steps: Floats, flips: int, repeats: int) -> str:
    told = ["Rows falling to the right are a search that closes in; level bands are steps of one fixed length."]
    if steps.size:
        low, middle, high = (float(v) for v in np.quantile(steps, [0.0, 0.5, 1.0]))
        told.append(f"Steps: median {middle:.3g}, least {low:.3g}, greatest {high:.3g}.")
    if repeats:
        told.append(f"{repeats:,} exact repeats lie at the bottom.")
    told.append(f"{flips:,} queries were answered with another label than their nearest earlier one.")
    return " ".join(told)
