"""forensics emulate"""

from pathlib import Path
from typing import Annotated

import typer

from forensics.cli import output


def emulate(
    scenario: Annotated[str, typer.Argument(metavar="[SCENARIO]", help="mixed, tabular, language or benign.")] = "mixed",
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where logs/ and truth.jsonl go.")] = Path("emulated"),
    format: Annotated[str | None, typer.Option("--format", metavar="NAME", help="Log format of everything [by world].")] = None,
    clients: Annotated[int, typer.Option("--clients", min=4, max=5_000, help="Accounts in all.")] = 240,
    attackers: Annotated[float, typer.Option("--attackers", min=0, max=0.9, help="Share of them that is hostile.")] = 0.125,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same bytes.")] = 1,
) -> None:
    """Labelled traffic: honest clients and attackers who query small models and react to what these answer.

    Examples:

      forensics emulate --out purple

      forensics emulate language --format bedrock --clients 500 --attackers 0.1 --seed 7 --out purple

      forensics ingest purple/logs && forensics scan
    """
    from forensics import pipeline

    made, paths = pipeline.emulate(scenario, out, clients=clients, attackers=attackers, seed=seed, format_name=format)
    for path, calls in zip(paths, made.logs.values(), strict=True):
        output.line(f"{path}  {calls.num_rows:,} calls")
    hostile = [t for t in made.truth if t.kind == "attack"]
    output.note(
        f"{len(made.truth):,} accounts, {len(hostile):,} of them hostile in {len({t.campaign_id for t in hostile}):,} campaigns: "
        f"{paths[0].parents[1] / 'truth.jsonl'}"
    )
