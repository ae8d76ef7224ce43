"""forensics demo"""

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from forensics.cli import output
from forensics.cli.incidents import queue
from forensics.cli.options import engine_named, rules_directory

SEED = 20260302


def demo(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where everything goes; an earlier demo there is replaced.")] = Path(
        "forensics-demo"
    ),
    clients: Annotated[int, typer.Option("--clients", min=4, max=5_000, help="Accounts in all.")] = 120,
) -> None:
    """Sample traffic in, ranked incidents and a report out: what the product does, in a minute.

    The traffic is emulated, some of it by attackers. That incidents are found in it proves nothing; it shows what they look like.
    """
    from forensics import pipeline
    from forensics.config import Config
    from forensics.emulate.write import fresh_directory
    from forensics.io.sources import expand
    from forensics.sketch.key import load_key
    from forensics.store import Store

    place = fresh_directory(out, "demo", ("traffic", "store", "key", "report.html"))
    made, _ = pipeline.emulate("mixed", place / "traffic", clients=clients, attackers=0.125, seed=SEED)
    settings, logs = Config(), place / "traffic" / "logs"
    store = Store.open(place / "store", create=True)
    # The key lies beside the store only because nothing here is worth hiding.
    reports = pipeline.ingest(store, expand([str(logs)]), settings, load_key(place / "key"))
    output.note(f"{sum(r.new for r in reports):,} calls of {len(made.truth):,} accounts read from {logs}")
    result = pipeline.scan(store, settings, engine_named("local"), rules_directory(None))
    queue(result.incidents[:20])
    if len(result.incidents) > 20:
        output.note(f"and {len(result.incidents) - 20:,} more")
    report = place / "report.html"
    pipeline.report(store, report, shown_store=str(place / "store"))
    output.note(f"report: {report}")
    program, where = _program(), shlex.quote(output.printable(str(place / "store")))
    first = f"incidents show {result.incidents[0].incident_id}" if result.incidents else "incidents list"
    suspect = shlex.quote(output.printable(result.incidents[0].clients[0])) if result.incidents else ""
    output.line("\nWorth trying next:")
    output.line(f"  {program} {first} --store {where}")
    output.line(
        f'  {program} query "select client_id, count(*) as calls from events group by all order by calls desc limit 10" --store {where}'
    )
    output.line(f"  {program} features {suspect} --store {where}")


def _program() -> str:
    """As it was called, where that can be typed again."""
    called = Path(sys.argv[0])
    return shlex.quote(str(called)) if called.name == "forensics" and called.is_file() else "forensics"
