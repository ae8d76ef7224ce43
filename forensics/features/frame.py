"""Partitions' features put together: whole tables, and one wide frame that rules read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from forensics.features.interface import Feature
from forensics.features.kernel import SUBJECTS, PartitionFeatures, feature_schema
from forensics.io.duck import connect
from forensics.model.feature import FeatureSpec
from forensics.model.scan import Skipped


@dataclass(frozen=True, slots=True)
class FeatureSet:
    """``tables`` by feature; ``frame``: one row per client and model with ``feature.column`` columns; what was skipped, and why."""

    specs: tuple[FeatureSpec, ...]
    tables: dict[str, pa.Table]
    frame: pa.Table
    examples: pa.Table
    skipped: tuple[Skipped, ...]
    events: int
    items: int


def assemble(parts: Iterable[PartitionFeatures], features: Sequence[Feature]) -> FeatureSet:
    """Concatenate in the order of the partitions and sort by subject, so that the number of partitions does not show."""
    results = list(parts)
    filled = frozenset[str]().union(*(r.filled for r in results))
    ran = tuple(f.spec for f in features if filled.issuperset(f.spec.requires))
    skipped = tuple(
        Skipped("feature", f.spec.name, f"no record in the window fills {', '.join(n for n in f.spec.requires if n not in filled)}")
        for f in features
        if f.spec not in ran
    )
    tables = {
        spec.name: pa.concat_tables([feature_schema(spec).empty_table(), *(r.tables[spec.name] for r in results)]).sort_by(
            [(name, "ascending") for name in spec.grain]
        )
        for spec in ran
    }
    subjects = pa.concat_tables([r.tables[SUBJECTS] for r in results])
    return FeatureSet(
        specs=ran,
        tables=tables,
        frame=_frame(subjects, tables, ran),
        examples=pa.concat_tables([r.examples for r in results]),
        skipped=skipped,
        events=sum(r.events for r in results),
        items=sum(r.items for r in results),
    )


def _frame(subjects: pa.Table, tables: dict[str, pa.Table], specs: Sequence[FeatureSpec]) -> pa.Table:
    columns, joins = [], []
    with connect() as con:
        con.register(SUBJECTS, subjects)
        for spec in specs:
            con.register(f"feature_{spec.name}", tables[spec.name])
            joins.append(f"left join feature_{spec.name} using (client_id, model)")
            columns += [f'feature_{spec.name}."{c.name}" as "{spec.name}.{c.name}"' for c in spec.columns]
        selected = ", ".join(["client_id", "model", "first_seen", "last_seen", "query_count", *columns])
        return con.sql(f"select {selected} from {SUBJECTS} {' '.join(joins)} order by client_id, model").to_arrow_table()
