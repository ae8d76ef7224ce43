"""From a store to pictures: what is read, what is left out, and what the captions count."""

from dataclasses import replace

import numpy as np
import pytest
from made_store import END, START, Query, add, bisection, incident, ordinary

from forensics.model.incident import Incident
from forensics.report import text
from forensics.report.chart import Chart, power_ticks, round_ticks, time_ticks, upward
from forensics.report.numeric import map_chart, numeric, step_chart
from forensics.report.rows import Traffic, read_traffic
from forensics.store import Store


def traffic_of(store: Store, *incidents: Incident) -> list[Traffic]:
    with store.reader() as connection:
        found = read_traffic(connection, incidents)
    assert all(found)
    return [t for t in found if t]


def keys(chart: Chart) -> list[str]:
    return [key.text for key in chart.keys]


def marked(chart: Chart, style: str) -> int:
    return sum(mark.path.count("M") for mark in chart.marks if mark.style == style)


def test_a_bisection_shows(store: Store) -> None:
    add(store, bisection() + ordinary())
    (found,) = traffic_of(store, incident("user:eve"))
    data = numeric(found)
    assert data
    picture, steps = map_chart(data), step_chart(data)
    labels = [q.label for q in bisection()]
    assert keys(picture) == [
        "other clients (100)",
        *(f"label {name} ({count})" for name, count in sorted(((n, labels.count(n)) for n in set(labels)), key=lambda e: (-e[1], e[0]))),
        f"margin at most 0.1 ({sum(q.margin is not None and q.margin <= 0.1 for q in bisection())})",
    ]
    assert marked(picture, "usual") == 100
    assert marked(steps, "s1") + marked(steps, "s5") == 19
    assert "All 20 queries are shown." in picture.caption
    # The last step is 2^-18 of the first one; both stand in the caption.
    least, greatest = (float(steps.caption.split(f"{word} ")[1].split()[0].rstrip(",.")) for word in ("least", "greatest"))
    assert greatest / least == pytest.approx(2.0**18, rel=0.01)


def test_flips_are_against_the_nearest_earlier_query(store: Store) -> None:
    rows = [(0.0, "a"), (10.0, "b"), (0.5, "b"), (10.5, "b"), (10.5, "b"), (0.1, None)]
    add(store, [Query("user:eve", n, vector=(x, 1.0), label=label) for n, (x, label) in enumerate(rows)])
    data = numeric(traffic_of(store, incident("user:eve"))[0])
    assert data
    assert keys(step_chart(data)) == ["a step (2)", "another label than the nearest (2)", "exact repeat (1)"]
    assert "No other client" in map_chart(data).caption


def test_long_histories_are_shown_in_runs(store: Store) -> None:
    add(store, [Query("user:eve", n, vector=(float(n), 1.0)) for n in range(2000)])
    (found,) = traffic_of(store, incident("user:eve"))
    n = found.queries["n"].to_numpy()
    runs = np.split(n, np.flatnonzero(np.diff(n) != 1) + 1)
    assert [len(run) for run in runs] == [50] * 12
    assert (found.total, n[0], n[-1]) == (2000, 0, 1999)
    data = numeric(found)
    assert data
    assert "600 of 2,000 queries are shown" in map_chart(data).caption


def test_a_campaign_is_coloured_by_client_and_says_who_is_missing(store: Store) -> None:
    names = [f"user:c{n}" for n in range(8)]
    add(store, [Query(name, 8 * n + c, vector=(float(n), float(c))) for c, name in enumerate(names) for n in range(200)])
    (found,) = traffic_of(store, incident(*names))
    data = numeric(found)
    assert data
    picture = map_chart(data)
    assert keys(picture) == [f"user:c{n} (100)" for n in range(6)]
    assert picture.caption.endswith("2 further clients of this incident are not drawn.")


def test_others_count_alike_and_the_incident_is_not_among_them(store: Store) -> None:
    add(store, [Query("user:eve", n) for n in range(30)] + [Query("user:busy", n) for n in range(900)] + [Query("user:rare", 5)])
    (found,) = traffic_of(store, incident("user:eve"))
    assert found.usual["client_id"].value_counts().sort("count").rows() == [("user:rare", 1), ("user:busy", 200)]
    assert traffic_of(store, incident("user:busy"))[0].usual["client_id"].n_unique() == 2


def test_other_models_and_times_are_left_out(store: Store) -> None:
    add(store, [Query("user:eve", 1), Query("user:eve", 2, model="other"), Query("user:eve", 10_000)])
    one = incident("user:eve")
    assert traffic_of(store, one)[0].total == 1
    with store.reader() as connection:
        assert read_traffic(connection, [incident("user:gone"), replace(one, clients=())]) == (None, None)


def test_answered_numbers_are_coloured_by_the_models_thirds(store: Store) -> None:
    usual = [Query("user:a", n, vector=(float(n), 1.0), output_value=float(n)) for n in range(90)]
    mine = [Query("user:eve", n, vector=(float(n), 2.0), output_value=v) for n, v in enumerate((10.0, 50.0, 51.0, 80.0, None))]
    add(store, usual + mine)
    data = numeric(traffic_of(store, incident("user:eve"))[0])
    assert data
    assert [k.rsplit("(", 1)[1] for k in keys(map_chart(data))[1:]] == ["1)", "2)", "1)", "1)"]


def test_texts_are_coloured_by_how_they_ended(store: Store) -> None:
    kinds = [
        {},
        {"skeleton": 7},
        {"skeleton": 7},
        {"refused": True, "echo": True},
        {"outcome": "rate_limited"},
        {"echo": True},
        {"finish_reason": "length"},
        {"finish_reason": "max_tokens"},
    ]
    add(store, [Query("user:eve", 6 * n, size=10 * (n + 1), **kind) for n, kind in enumerate(kinds)])  # type: ignore[arg-type]
    add(store, [Query("user:a", n, size=1000) for n in range(9)])
    (found,) = traffic_of(store, incident("user:eve"))
    assert numeric(found) is None
    picture = text.timeline(found)
    assert keys(picture) == [
        "answered (3)",
        "refused (1)",
        "failed (1)",
        "had the prompt scored (1)",
        "cut off at the length asked for (2)",
    ]
    assert "2 of 8 have the skeleton" in picture.caption
    assert "Median time between two of them: 60 s." in picture.caption
    assert "Median characters: 45 here, 1,000 elsewhere." in text.sizes(found).caption
    strip = text.strip(found, START, END)
    assert (strip.title, "8 calls; hours with any: 1" in strip.caption) == ("Calls per hour", True)


def test_ticks_are_few_round_and_inside() -> None:
    for low, high in ((0.0, 1.0), (-3.2, 17.0), (0.0, 1e-7), (5.0, 5e6)):
        ticks = round_ticks(upward(low, high))
        assert 2 <= len(ticks) <= 6
        assert len({t.text for t in ticks}) == len(ticks)
    assert [t.text for t in power_ticks(upward(-2.5, 3.5))] == ["0.01", "0.1", "1", "10", "100", "1,000"]
    assert [t.text for t in power_ticks(upward(1.9, 2.6))] == ["100", "200"]
    start = START.timestamp()
    assert [t.text for t in time_ticks(upward(start, start + 3600 * 12))] == ["06:00", "09:00", "12:00", "15:00", "18:00"]
