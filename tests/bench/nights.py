"""One scan of weeks against scans night by night, on the small tabular corpus. `make bench`; results are kept in docs/similarity.md.

same number: queries of the nights with the same lineage in both. together: queries that stand with the larger part of their one-scan
lineage night by night, and the other way round; 1 and 1 are the same groups under whatever numbers.
"""

import shutil
import tempfile
from datetime import date, timedelta
from pathlib import Path

import duckdb
import evaluate

from forensics.store import Store

FIRST, LAST = date(2026, 3, 16), date(2026, 3, 29)  # before: one scan, as an installation begins with what there is
COMPARED = """
with two as (select model, a.lineage as la, b.lineage as lb, a.lineage = b.lineage as same, (a.near or a.repeat)::int as na,
    (b.near or b.repeat)::int as nb, a.kin is not null as ka, b.kin is not null as kb
  from at_once a join nightly b using (node, model)),
pairs as (select model, la, lb, count(*) as n from two group by all),
split as (select model, sum(m) / sum(s) as v from (select model, la, max(n) as m, sum(n) as s from pairs group by all) group by all),
mixed as (select model, sum(m) / sum(s) as v from (select model, lb, max(n) as m, sum(n) as s from pairs group by all) group by all)
select model, count(*), avg(same::int), any_value(split.v), any_value(mixed.v), sum(na), sum(nb), sum(ka::int), sum(kb::int)
from two join split using (model) join mixed using (model) group by all order by all"""


def main() -> None:
    folder = evaluate.SHARED / "corpus" / "dev-small" / "tabular"
    if not folder.exists():
        raise SystemExit("the development corpora do not lie beside the checkout: nothing to scan")
    with tempfile.TemporaryDirectory(prefix="forensics-nights-") as work:
        once, nightly = Path(work) / "once", Path(work) / "nightly"
        sources = [str(folder / name) for name in evaluate.SOURCES["tabular"]]
        evaluate.forensics("ingest", *sources, "--mapping", str(evaluate.MAPPING), store=once)
        shutil.copytree(once, nightly)
        shutil.copy(f"{once}.key", f"{nightly}.key")
        evaluate.forensics("scan", store=once)
        evaluate.forensics("scan", "--until", str(FIRST), store=nightly)
        for n in range((LAST - FIRST).days + 1):
            night = FIRST + timedelta(days=n)
            evaluate.forensics("scan", "--since", str(night), "--until", str(night + timedelta(days=1)), store=nightly)
        with duckdb.connect() as con:
            for name, store in (("at_once", once), ("nightly", nightly)):
                with Store.open(store).reader() as reader:
                    con.register(name, reader.sql(f"select * from nodes where ts >= '{FIRST}'").to_arrow_table())
            heads = "model", "queries", "same number", "together", "and back", "near or repeats", "by nights", "with kin", "by nights"
            print(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
            for row in con.sql(COMPARED).fetchall():
                print(f"| {' | '.join(f'{v:.3f}' if isinstance(v, float) else str(v) for v in row)} |")


if __name__ == "__main__":
    main()
