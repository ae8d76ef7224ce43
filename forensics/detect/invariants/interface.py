"""The contract of an invariant, and of an alibi: one SQL file that says, row by row, where it holds.

An invariant is something that an attack's algorithm does and people and their software do not. Its query returns one row per step, or per
query where repeats matter:

    /*
    title = "Rows lie halfway between two earlier ones"       # of the finding
    explanation = "..."                                       # one sentence: which algorithm does this, and why nobody else does
    version = 1
    group = "steps"                    # kind of evidence, one of `GROUPS`; of one kind only the strongest counts
    reliability = 0.9                  # how sure it is that who does this often is probing, 0 to 1: a judgement, not fitted
    odd_share = 0.03                   # share of hits that an odd but honest client may well show: a judgement, not fitted
    techniques = ["AML.T0043.001"]
    sources = ["https://..."]
    requires = ["nodes.halfway"]
    hits = "rows halfway between two earlier ones"            # what is counted, for sentences
    falsepositives = ["..."]
    triage = ["..."]
    */
    select client_id, model, event_id, idx, halfway as hit from steps

An alibi recognises honest software by what it is. Its query returns the queries that it explains; a hit among them does not count for
the invariants that it excuses, and the finding says so. It never speaks for a whole client, so no attack hides behind one:

    /*
    title = "an explainer's masks"
    reason = "..."
    version = 1
    excuses = ["outside"]
    */
    select event_id, idx from steps where kept >= 0.25

Invariants of rows lie in ``vector/`` and read ``steps`` (``vector/steps.sql``: the nodes of rows that are no repeats, with the answers and
what came before); those of texts lie in ``text/`` and read ``texts`` (``text/texts.sql``: the same of texts). Both, and alibis, read
everything that features read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Final

from forensics.io.sql_file import read_sql_file
from forensics.model.errors import UsageError
from forensics.model.feature import FeatureColumn, FeatureSpec

GROUPS: Final = ("steps", "order", "answers", "place", "company")
SHOWN: Final = 5
CLIENT: Final = ("client_id", "model")
RELATIONS: Final = {"vector": "steps", "text": "texts"}  # by modality, which is the folder: what its invariants read

_COLUMNS: Final = (
    FeatureColumn("hits", "BIGINT", "{hits} that no alibi explains"),
    FeatureColumn("tried", "BIGINT", "steps that could have been among the {hits}"),
    FeatureColumn("share", "DOUBLE", "{hits}, as a share of the steps that could have been"),
    FeatureColumn("explained", "BIGINT", "{hits} that an alibi explains"),
    FeatureColumn("alibi", "VARCHAR", "the alibi that explains most of the {hits}"),
    FeatureColumn("shown", "VARCHAR[]", "up to five of the {hits}: event, event of the nearest earlier query, what changed"),
)


@dataclass(frozen=True, slots=True)
class Invariant:
    """See the module. ``modality``: vector or text; ``sql``: a row per step with client_id, model, event_id, idx and hit."""

    name: str
    modality: str
    title: str
    explanation: str
    version: int
    group: str
    reliability: float
    odd_share: float
    techniques: tuple[str, ...]
    sources: tuple[str, ...]
    requires: tuple[str, ...]
    hits: str
    falsepositives: tuple[str, ...]
    triage: tuple[str, ...]
    sql: str

    @property
    def analytic(self) -> str:
        """What findings call it."""
        return f"invariants/{self.name}"

    @property
    def spec(self) -> FeatureSpec:
        """Its counts as a feature at the grain of client and model, so that they are stored, shown and read by rules."""
        columns = (FeatureColumn(c.name, c.type, c.description.format(hits=self.hits)) for c in _COLUMNS)
        return FeatureSpec(self.name, f"{self.title}. {self.explanation}", self.version, CLIENT, self.requires, tuple(columns))

    @property
    def counted(self) -> str:
        """The query of that feature; it reads the relation of its modality, and `excused`."""
        return f"""
with found as (select client_id, model, event_id, idx, coalesce(hit, false) as hit from ({self.sql})),
excuse as (select event_id, idx, min(alibi) as alibi from excused where list_contains(excuses, '{self.name}') group by all),
told as (
  select found.*, alibi, hit and alibi is null as counts,
    row_number() over (partition by client_id, model order by (hit and alibi is null) desc, place nulls last, event_id, idx) as number,
    printf('%s %s %s', event_id, coalesce(parent_event, ''), coalesce(said, '')) as sentence
  from found left join {RELATIONS[self.modality]} using (client_id, model, event_id, idx) left join excuse using (event_id, idx)
)
select client_id, model,
  count(*) filter (counts) as hits,
  count(*) as tried,
  count(*) filter (counts) / count(*) as share,
  count(*) filter (hit and alibi is not null) as explained,
  mode(alibi order by alibi) filter (hit) as alibi,
  list(sentence order by number) filter (counts and number <= {SHOWN}) as shown
from told group by client_id, model"""


@dataclass(frozen=True, slots=True)
class Alibi:
    """See the module. ``sql``: a row, event_id and idx, per query that it explains."""

    name: str
    title: str
    reason: str
    version: int
    excuses: tuple[str, ...]
    sql: str


def load_invariants() -> tuple[Invariant, ...]:
    """Every ``*.sql`` of the folders of `RELATIONS` but what makes these, sorted by name.

    Raises:
        UsageError: a header does not fit.
    """
    found = (
        _invariant(file, modality)
        for modality, relation in RELATIONS.items()
        for file in _sql_files(__package__, modality)
        if file.name != f"{relation}.sql"
    )
    return tuple(sorted(found, key=lambda invariant: invariant.name))


def load_alibis(invariants: Sequence[Invariant]) -> tuple[Alibi, ...]:
    """Every ``*.sql`` of `forensics.detect.alibis`, sorted by name.

    Raises:
        UsageError: a header does not fit, or an alibi excuses what is no invariant.
    """
    known = {invariant.name for invariant in invariants}
    return tuple(_alibi(file, known) for file in _sql_files("forensics.detect.alibis"))


def load_analytics() -> tuple[tuple[Invariant, ...], tuple[Alibi, ...]]:
    """Both, which belong together."""
    invariants = load_invariants()
    return invariants, load_alibis(invariants)


def relations(alibis: Sequence[Alibi]) -> tuple[tuple[str, str], ...]:
    """(name, query) of the tables that invariants read: those of `RELATIONS`, and ``excused`` (event_id, idx, alibi, excuses)."""
    own = files(__package__)
    read = [(name, own.joinpath(modality, f"{name}.sql").read_text(encoding="utf-8")) for modality, name in RELATIONS.items()]
    nothing = "select null::varchar as event_id, null::integer as idx, null::varchar as alibi, null::varchar[] as excuses where false"
    parts = [f"select distinct event_id, idx, '{a.name}' as alibi, {list(a.excuses)} as excuses from ({a.sql})" for a in alibis]
    return (*read, ("excused", " union all ".join([nothing, *parts])))


def _sql_files(package: str, *folder: str) -> list[Traversable]:
    return sorted((f for f in files(package).joinpath(*folder).iterdir() if f.name.endswith(".sql")), key=lambda f: f.name)


def _invariant(file: Traversable, modality: str) -> Invariant:
    texts = ("title", "explanation", "hits")
    lists = ("techniques", "sources", "requires", "falsepositives", "triage")
    header, sql = read_sql_file(file, (*texts, *lists, "version", "group", "reliability", "odd_share"))
    if header["group"] not in GROUPS:
        raise UsageError(f"{file}: group is {header['group']!r}", hint=f"known are {', '.join(GROUPS)}")
    for name in ("reliability", "odd_share"):
        if type(header[name]) not in (int, float) or not 0 < header[name] <= 1:
            raise UsageError(f"{file}: {name} is {header[name]!r}", hint="expected a number above 0, up to 1")
    fields: Mapping[str, Any] = {name: header[name] for name in texts} | {name: tuple(header[name]) for name in lists}
    return Invariant(
        name=file.name.removesuffix(".sql"),
        modality=modality,
        version=header["version"],
        group=header["group"],
        reliability=float(header["reliability"]),
        odd_share=float(header["odd_share"]),
        sql=sql,
        **fields,
    )


def _alibi(file: Traversable, known: set[str]) -> Alibi:
    header, sql = read_sql_file(file, ("title", "reason", "version", "excuses"))
    if unknown := set(header["excuses"]) - known:
        raise UsageError(f"{file}: excuses {sorted(unknown)[0]!r}, which is no invariant", hint=f"known are {', '.join(sorted(known))}")
    return Alibi(
        name=file.name.removesuffix(".sql"),
        title=header["title"],
        reason=header["reason"],
        version=header["version"],
        excuses=tuple(header["excuses"]),
        sql=sql,
    )
