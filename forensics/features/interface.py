"""The contract of a feature: one SQL file that begins with what it says of itself.

    /*
    description = "One sentence, for people."
    version = 1
    requires = ["events.ts", "items.exact_hash"]
    suspicious = []                  # columns of which more is more like probing; may be left out

    [columns]
    calls = "BIGINT: calls in the window"
    */
    select client_id, model, count(*) as calls from events group by all

The query sees ``events``, ``items``, ``vectors`` and ``nodes`` (the near-duplicate forest, `forensics.model.lineage`) of one
partition, restricted to the scanned window: all calls of the clients that are in it, none of the others. It returns the grain's
columns and the declared ones, one row per subject.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

from forensics.io.sql_file import read_sql_file
from forensics.model.errors import UsageError
from forensics.model.event import ARROW_TYPES, TABLES
from forensics.model.feature import FeatureColumn, FeatureSpec
from forensics.model.lineage import NODES

GRAINS: dict[str, tuple[str, ...]] = {"client": ("client_id", "model")}

READABLE = TABLES | {"nodes": NODES}  # what a query sees


@dataclass(frozen=True, slots=True)
class Feature:
    """What a feature says of itself, and the query that makes it."""

    spec: FeatureSpec
    sql: str


def load_features() -> tuple[Feature, ...]:
    """Every ``*.sql`` below ``forensics/features/<grain>/``, sorted by name.

    Raises:
        UsageError: a file without a header, with a header that does not fit, or a name used twice.
    """
    found = [
        _parse(file, grain)
        for folder, grain in GRAINS.items()
        for file in files(__package__).joinpath(folder).iterdir()
        if file.name.endswith(".sql")
    ]
    found.sort(key=lambda f: f.spec.name)
    names = [f.spec.name for f in found]
    if len(set(names)) < len(names):
        raise UsageError(f"two features have one name: {sorted(n for n in names if names.count(n) > 1)[0]}")
    return tuple(found)


def _parse(file: Traversable, grain: tuple[str, ...]) -> Feature:
    header, sql = read_sql_file(file, ("description", "version", "requires", "columns"))
    _check_requirements(file, header["requires"])
    spec = FeatureSpec(
        name=file.name.removesuffix(".sql"),
        description=header["description"],
        version=header["version"],
        grain=grain,
        requires=tuple(header["requires"]),
        columns=tuple(_column(file, name, text) for name, text in header["columns"].items()),
        suspicious=tuple(header.get("suspicious", ())),
    )
    if unknown := set(spec.suspicious) - set(header["columns"]):
        raise UsageError(f"{file}: suspicious names {sorted(unknown)[0]}, which is no column")
    return Feature(spec, sql)


def _column(file: Traversable, name: str, text: str) -> FeatureColumn:
    kind, _, description = text.partition(": ")
    if kind not in ARROW_TYPES or not description:
        raise UsageError(f'{file}: column {name}: expected "TYPE: description" with a type of {", ".join(ARROW_TYPES)}')
    return FeatureColumn(name, kind, description)


def _check_requirements(file: Traversable, requires: Sequence[str]) -> None:
    known = {f"{table}.{column.name}" for table, columns in READABLE.items() for column in columns}
    if unknown := [name for name in requires if name not in known]:
        raise UsageError(f"{file}: requires {unknown[0]}, which no canonical table has (docs/event-schema.md)")
