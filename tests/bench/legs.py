"""What stands without each client's best evidence, and without each analytic: from the findings of a scanned store.

    python tests/bench/legs.py --store STORE --truth TRUTH

A leg is a group of evidence, or a rule or detector by itself. The first table takes every client's best leg away, rescores, and gives the
scorer's recall; the second takes one analytic away from everybody. truth.jsonl goes to the scorer and nowhere else.
"""

import argparse
import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType

from forensics.incidents.correlate import risk_score
from forensics.model.finding import Finding
from forensics.model.incident import Incident
from forensics.pipeline import prior_incidents
from forensics.store import Store

SCORER = Path(__file__).parents[3] / "shared" / "eval" / "score.py"
CAMPAIGNS = ("average_precision", "recall_at_fpr_0.1%", "recall_at_fpr_1.0%")


def scorer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("score", SCORER)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def leg(finding: Finding) -> str:
    return finding.group or finding.analytic


def without_best(findings: Sequence[Finding]) -> list[Finding]:
    best = leg(max(findings, key=lambda f: (f.score, leg(f))))
    return [f for f in findings if leg(f) != best]


def _name(client_id: str) -> str:
    """A client as truth.jsonl names it."""
    return client_id.rsplit("/", 1)[-1].rsplit(":", 1)[-1]


def rescored(incidents: Sequence[Incident], kept: Callable[[Sequence[Finding]], list[Finding]]) -> list[dict[str, object]]:
    """What the scorer reads of each incident, its risk computed from the findings that are ``kept``; severities as they were."""
    out: list[dict[str, object]] = []
    for incident in incidents:
        findings = kept(incident.findings)
        if findings:
            techniques = sorted({t for f in findings for t in f.techniques})
            out.append(
                {"clients": incident.clients, "risk_score": risk_score(findings), "severity": incident.severity, "techniques": techniques}
            )
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--truth", type=Path, required=True)
    asked = parser.parse_args()
    score = scorer()
    truth = {row["client_id"]: row for row in score.load(asked.truth)}
    incidents = [i for i in prior_incidents(Store.open(asked.store)) if i.merged_into is None]
    print("| evidence | average precision | recall at 0.1 % | recall at 1 % | by campaign: precision | recall at 0.1 % | recall at 1 % |")
    print("|---|---|---|---|---|---|---|")

    def row(name: str, kept: Callable[[Sequence[Finding]], list[Finding]]) -> None:
        s = score.score(truth, rescored(incidents, kept))
        recall, campaigns = s["recall_at_fpr"], s["by_campaign"]
        shown = (s["average_precision"], recall["0.1%"], recall["1.0%"], *(campaigns[k] for k in CAMPAIGNS))
        print(f"| {name} | {' | '.join(map(str, shown))} |")

    row("all", list)
    row("without each client's best leg", without_best)
    hostile = {name for name, one in truth.items() if one["kind"] == "attack"}
    row(
        "without the best leg of attackers only", lambda found: without_best(found) if _name(found[0].client_id) in hostile else list(found)
    )
    for analytic in sorted({f.analytic for i in incidents for f in i.findings}):
        row(f"without `{analytic}`", lambda findings, gone=analytic: [f for f in findings if f.analytic != gone])  # type: ignore[misc]


if __name__ == "__main__":
    main()
