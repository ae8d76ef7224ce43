"""Ranked incidents and a store to one page of HTML."""

from collections.abc import Iterator, Sequence

from forensics.model.errors import InputError
from forensics.model.incident import Incident
from forensics.model.rule import LEVELS
from forensics.report import text
from forensics.report.chart import Chart
from forensics.report.facts import Facts, read_facts
from forensics.report.numeric import map_chart, numeric, step_chart
from forensics.report.rows import Traffic, read_traffic
from forensics.report.view import IncidentView, Page, incident_view, page, place_of
from forensics.store import Store

GONE = "The store no longer holds the calls behind this incident, so there is no picture."


def build(store: Store, ranked: Sequence[Incident], *, min_severity: str, top: int, shown_store: str | None) -> Page:
    """The page of the latest scan and of ``ranked``, all incidents of the store, whose rank is their place.

    Incidents below ``min_severity`` are counted, not shown; the first ``top`` are told in full, the rest stand in the queue only.
    ``shown_store`` is what ``--store`` must say in the commands of the page; null where the default leads to the store.

    Raises:
        InputError: the store has not been scanned.
    """
    numbered = [(rank, incident) for rank, incident in enumerate(ranked, 1)]
    whole = [(rank, incident) for rank, incident in numbered if incident.merged_into is None]
    queue = [(rank, i) for rank, i in whole if LEVELS.index(i.severity) >= LEVELS.index(min_severity)]
    with store.reader() as connection:
        facts = read_facts(connection)
        if facts is None:
            raise InputError("the store has not been scanned", where=str(store.root), hint="forensics scan")
        told = queue[:top]
        traffic = read_traffic(connection, [incident for _, incident in told])
    views = tuple(_told(told, traffic, facts, place_of(shown_store)))
    below, merged = len(whole) - len(queue), len(numbered) - len(whole)
    return page(facts, queue, views, min_severity=min_severity, below=below, merged=merged)


def _told(queue: Sequence[tuple[int, Incident]], traffic: Sequence[Traffic | None], facts: Facts, place: str) -> Iterator[IncidentView]:
    for (rank, incident), calls in zip(queue, traffic, strict=True):
        charts = pictures(calls, facts) if calls else ()
        pictured = calls.model if calls and len(incident.models) > 1 else ""
        yield incident_view(rank, incident, charts, "" if charts else GONE, pictured, place)


def pictures(traffic: Traffic, facts: Facts) -> tuple[Chart, ...]:
    """Those of the kind that most of the incident's queries are of, and the calls over the scan's window."""
    rows = numeric(traffic)
    if rows and len(rows.queries) * 2 >= len(traffic.queries):
        charts = (map_chart(rows), step_chart(rows))
    else:
        charts = (text.timeline(traffic), text.sizes(traffic))
    return *charts, text.strip(traffic, facts.window_start, facts.window_end)
