"""Rules over features: which clients a rule holds for, and the evidence for it."""

import json
import math
from collections.abc import Container, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Any, Final

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from forensics.conditions import comparison_sql, compile_condition, identifier, may_hold, parse, polarities
from forensics.detect.interface import Matches
from forensics.detect.wording import compact, first_clause
from forensics.model.event import ARROW_TYPES
from forensics.model.feature import FeatureColumn, FeatureSpec
from forensics.model.finding import Evidence, Finding
from forensics.model.rule import Rule
from forensics.model.scan import Skipped

MAX_EXAMPLES: Final = 5
LEAST_STRENGTH: Final = 0.5
FULL_STRENGTH: Final = 1_000_000

Row = Mapping[str, Any]


def match(
    rules: Sequence[Rule],
    specs: Sequence[FeatureSpec],
    frame: pa.Table,
    examples: pa.Table,
    window_start: datetime,
    window_end: datetime,
) -> Matches:
    """Run ``rules`` over ``frame``.

    A number that is not finite counts as unknown. Deprecated rules, and rules that read a column which ``frame`` or ``specs``
    lacks, do not run.

    Args:
        rules: as `forensics.detect.rules` reads them.
        specs: the features that ``frame`` has, for types and for the sentences of the evidence.
        frame: a row per client and model: client_id, model, first_seen, last_seen, query_count, and ``feature.column`` columns.
        examples: client_id, model, event_id; the first `MAX_EXAMPLES` of a client and model are cited.
        window_start: start of the scanned window; part of a finding's identity.
        window_end: its end.
    """
    columns = _columns(specs)
    known = {f for f in columns if f in frame.column_names and (frame[f].null_count < len(frame) or not len(frame))}
    for field in sorted(set(columns) - set(frame.column_names)):
        frame = frame.append_column(field, pa.nulls(len(frame), ARROW_TYPES[columns[field].type]))
    window = (window_start.astimezone(UTC), window_end.astimezone(UTC))
    hits: list[tuple[Rule, dict[str, Any]]] = []
    skipped: list[Skipped] = []
    with _connect(frame) as con:
        for rule in sorted(rules, key=lambda r: r.path):
            reason = _reason_to_skip(rule, columns, known)
            if reason:
                skipped.append(Skipped("rule", analytic_name(rule), reason))
            else:
                hits += ((rule, row) for row in _hits(con, rule, columns))
    # Few clients match, and only theirs are looked at one by one.
    wanted = pc.is_in(examples["client_id"], value_set=pa.array(sorted({row["client_id"] for _, row in hits}), pa.string()))
    cited = _cited(examples.filter(wanted))
    return Matches(tuple(_finding(rule, row, columns, cited, window) for rule, row in hits), tuple(skipped))


def test_rule(rule: Rule, specs: Sequence[FeatureSpec]) -> list[str]:
    """Run the rule's own tests through the SQL that scans use; a line with ``path:line`` for each that fails."""
    columns = _columns(specs)
    cases = [dict(test.values) for test in rule.tests]
    arrays = {f: pa.array([case.get(f) for case in cases], type=ARROW_TYPES[columns[f].type]) for f in rule.fields}
    with _connect(pa.table({"test": list(range(len(cases)))} | arrays)) as con:
        relation = con.sql(f"SELECT {compile_condition(rule.selections, rule.condition)} AS fires FROM frame ORDER BY test")
        fired = relation.to_arrow_table().column("fires").to_pylist()
    return [
        f"{rule.path}:{test.line}: test {test.name!r}: expected that the rule {_verdict(test.fires)}, but it {_verdict(got)}"
        for test, got in zip(rule.tests, fired, strict=True)
        if got is not test.fires
    ]


def strength(gain: float | None) -> float:
    """How much of a rule's confidence a match earns: half for what it is, the rest for what the prober has gained, logarithmic.

    1,000 records count half of `FULL_STRENGTH`. Volume must not outweigh reliability: a sure finding on twenty queries stands above
    a doubtful one on a million. The only place that knows; replace it here.
    """
    if gain is None or gain <= 0:
        return LEAST_STRENGTH
    return LEAST_STRENGTH + (1.0 - LEAST_STRENGTH) * min(1.0, math.log10(1 + gain) / math.log10(1 + FULL_STRENGTH))


def analytic_name(rule: Rule) -> str:
    """Name of the rule in findings and skips: its path without the ending."""
    return str(PurePosixPath(rule.path).with_suffix(""))


def _verdict(fires: bool) -> str:
    return "fires" if fires else "does not fire"


def _columns(specs: Sequence[FeatureSpec]) -> dict[str, FeatureColumn]:
    return {f"{spec.name}.{column.name}": column for spec in specs for column in spec.columns}


def _connect(frame: pa.Table) -> duckdb.DuckDBPyConnection:
    """A database of its own with the view ``frame``, in which numbers that are not finite are null."""
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    con.execute("SET enable_external_access = false")
    con.register("given", frame)
    floats = [identifier(f.name) for f in frame.schema if pa.types.is_floating(f.type)]
    finite = ", ".join(f"CASE WHEN isfinite({name}) THEN {name} END AS {name}" for name in floats)
    con.execute(f"CREATE TEMP VIEW frame AS SELECT *{f' REPLACE ({finite})' if finite else ''} FROM given")
    return con


def _reason_to_skip(rule: Rule, columns: Container[str], known: Container[str]) -> str | None:
    """Why the rule cannot hold for anybody. What only speaks against a match, or is one of several ways to it, may be unknown."""
    if rule.status == "deprecated":
        return "the rule is deprecated"
    if strange := [field for field in rule.fields if field not in columns]:
        return f"no feature gives {', '.join(strange)}"
    gaps = {s.name: [c.field for c in s.comparisons if c.field not in known] for s in rule.selections}
    if may_hold(parse(rule.condition, list(gaps)), {name for name, fields in gaps.items() if fields}):
        return None
    return f"no client has a value of {', '.join(dict.fromkeys(field for fields in gaps.values() for field in fields))}"


def _hits(con: duckdb.DuckDBPyConnection, rule: Rule, columns: Mapping[str, FeatureColumn]) -> list[dict[str, Any]]:
    """A row per match: the subject; ``value_N`` and ``baseline_N`` of the rule's Nth field; ``holds_N`` of its Nth comparison.

    Only models with a match are read for baselines.
    """
    predicate = compile_condition(rule.selections, rule.condition)
    comparisons = [comparison_sql(c) for s in rule.selections for c in s.comparisons]
    shown = [f"{identifier(field)} AS value_{n}" for n, field in enumerate(rule.fields)]
    shown += [f"{_baseline(field, columns[field])} AS baseline_{n}" for n, field in enumerate(rule.fields)]
    shown += [f"{sql} AS holds_{n}" for n, sql in enumerate(comparisons)]
    relation = con.sql(f"""
        WITH hit_models AS (SELECT DISTINCT model FROM frame WHERE {predicate}),
        peers AS (
          SELECT client_id, model, first_seen, last_seen, query_count, {", ".join(shown)}, {predicate} AS hit
          FROM frame SEMI JOIN hit_models USING (model)
          WINDOW others AS (
            PARTITION BY model ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING EXCLUDE CURRENT ROW
          )
        )
        SELECT * FROM peers WHERE hit ORDER BY client_id, model""")
    rows: list[dict[str, Any]] = relation.to_arrow_table().to_pylist()
    return rows


def _baseline(field: str, column: FeatureColumn) -> str:
    if column.type in ("VARCHAR", "BOOLEAN"):
        return "CAST(NULL AS DOUBLE)"
    return f"median(CAST({identifier(field)} AS DOUBLE)) OVER others"


def _cited(examples: pa.Table) -> dict[tuple[str, str], tuple[str, ...]]:
    cited: dict[tuple[str, str], tuple[str, ...]] = {}
    names = ("client_id", "model", "event_id")
    for client_id, model, event_id in zip(*(examples.column(name).to_pylist() for name in names), strict=True):
        so_far = cited.get((client_id, model), ())
        cited[client_id, model] = (*so_far, event_id)[:MAX_EXAMPLES]
    return cited


def _finding(
    rule: Rule,
    row: Row,
    columns: Mapping[str, FeatureColumn],
    cited: Mapping[tuple[str, str], tuple[str, ...]],
    window: tuple[datetime, datetime],
) -> Finding:
    client_id, model = row["client_id"], row["model"]
    identity = [rule.uid, client_id, model, *(moment.isoformat() for moment in window)]
    gain = row[f"value_{rule.fields.index(rule.gain)}"] if rule.gain else None
    earned = strength(gain) if rule.gain else LEAST_STRENGTH
    event_ids = cited.get((client_id, model), ())
    return Finding(
        finding_id=sha256(json.dumps(identity).encode()).hexdigest()[:32],
        analytic=analytic_name(rule),
        analytic_version=rule.version,
        title=rule.title,
        client_id=client_id,
        model=model,
        window_start=window[0],
        window_end=window[1],
        first_seen=row["first_seen"].astimezone(UTC),
        last_seen=row["last_seen"].astimezone(UTC),
        query_count=row["query_count"],
        score=rule.confidence * earned,
        confidence=rule.confidence,
        p_value=None,
        level=rule.level,
        techniques=rule.techniques,
        evidence=tuple(_evidence(field, rule, row, columns[field], event_ids) for field in _telling(rule, row)),
        falsepositives=rule.falsepositives,
        triage=rule.triage,
    )


def _telling(rule: Rule, row: Row) -> tuple[str, ...]:
    """Fields that speak for the match, as the rule orders them, then the gain; unknown values say nothing.

    A comparison speaks for the match where it holds, and under a ``not`` where it does not hold.
    """
    signs = polarities(parse(rule.condition, [s.name for s in rule.selections]))
    comparisons = [(s.name, c.field) for s in rule.selections for c in s.comparisons]
    fields = [field for n, (name, field) in enumerate(comparisons) if (name, row[f"holds_{n}"]) in signs]
    ordered = dict.fromkeys([*fields, rule.gain] if rule.gain else fields)
    return tuple(field for field in ordered if row[f"value_{rule.fields.index(field)}"] is not None)


def _evidence(field: str, rule: Rule, row: Row, column: FeatureColumn, event_ids: tuple[str, ...]) -> Evidence:
    n = rule.fields.index(field)
    value, baseline = row[f"value_{n}"], row[f"baseline_{n}"]
    return Evidence(
        field=field,
        value=None if isinstance(value, str) else float(value),
        baseline=baseline,
        sentence=_sentence(column, value, baseline, row["model"]) + _asked(rule, field),
        event_ids=event_ids,
    )


_ASKED: Final = {"gte": "at least", "gt": "more than", "lte": "at most", "lt": "less than"}


def _asked(rule: Rule, field: str) -> str:
    """What the rule wants of the field, where it wants one thing of it: which way is suspicious is not plain from a number."""
    signs = polarities(parse(rule.condition, [s.name for s in rule.selections]))
    wanted = [(c, (s.name, True) in signs) for s in rule.selections for c in s.comparisons if c.field == field]
    if len(wanted) != 1 or wanted[0][0].operator not in _ASKED:
        return ""
    comparison, speaks_for = wanted[0]
    if not isinstance(comparison.operand, int | float):
        return ""
    return f" ({'asked' if speaks_for else 'ruled out'}: {_ASKED[comparison.operator]} {compact(comparison.operand)})"


def _sentence(column: FeatureColumn, value: str | float, baseline: float | None, model: str) -> str:
    what = first_clause(column.description)
    said = f"{what} is {compact(value)}" if column.type == "DOUBLE" else f"{what}: {compact(value)}"
    if column.type in ("VARCHAR", "BOOLEAN"):
        return said
    if baseline is None:
        return f"{said}; no other client of {model} has a value to compare with"
    return f"{said}; the other clients of {model} have a median of {compact(baseline)}"
