"""forensics rules list | show | validate | test"""

from collections.abc import Sequence
from typing import Annotated

import typer

from forensics.cli import output
from forensics.cli.options import RulesOption, rules_directory
from forensics.model.errors import ForensicsError, UsageError
from forensics.model.feature import FeatureSpec
from forensics.model.rule import Rule

app = typer.Typer(no_args_is_help=True)


def _specs() -> list[FeatureSpec]:
    from forensics.features.interface import load_features

    return [f.spec for f in load_features()]


def _load(rules: RulesOption) -> tuple[Rule, ...]:
    from forensics.detect.rules import load_rules

    return load_rules(rules_directory(rules), _specs())


@app.command("list")
def list_(rules: RulesOption = None) -> None:
    """Every rule, with its level and technique."""
    rows = [[r.path, r.level, ", ".join(r.techniques), r.status, r.title] for r in _load(rules)]
    output.grid(["rule", "level", "technique", "status", "title"], rows, wrap="title")


@app.command()
def show(name: Annotated[str, typer.Argument(metavar="RULE", help="Path, id or file name.")], rules: RulesOption = None) -> None:
    """The rule's file, as it is written."""
    from pathlib import PurePath

    directory = rules_directory(rules)
    for rule in _load(rules):
        if name in (rule.path, rule.uid, PurePath(rule.path).stem, PurePath(rule.path).name, str(PurePath(rule.path).with_suffix(""))):
            for text in (directory / rule.path).read_text(encoding="utf-8").splitlines():
                output.line(output.printable(text))
            return
    raise UsageError(f"no rule is called {name!r}", hint="forensics rules list")


@app.command()
def validate(rules: RulesOption = None) -> None:
    """Check every rule file; each problem with its line and a hint. Exit code 2 where there is one."""
    from forensics.detect.rules import validate_rules

    good, problems = validate_rules(rules_directory(rules), _specs())
    _report(problems)
    if not good and not problems:
        raise UsageError("no rule lies here", where=str(rules_directory(rules)), hint="expected <directory>/<atlas-technique>/<rule>.yml")
    output.line(f"{len(good)} rules are valid, {len(problems)} problems")
    if problems:
        raise typer.Exit(2)


def _report(problems: Sequence[ForensicsError]) -> None:
    for problem in problems:
        output.error(str(problem), problem.hint)


@app.command("test")
def run_tests(rules: RulesOption = None) -> None:
    """Run the tests inside the rules. Exit code 2 where one fails."""
    from forensics.detect.match import test_rule

    specs = _specs()
    loaded = _load(rules)
    failures = [failure for rule in loaded for failure in test_rule(rule, specs)]
    for failure in failures:
        output.error(failure)
    output.line(f"{sum(len(r.tests) for r in loaded)} tests of {len(loaded)} rules, {len(failures)} failed")
    if failures:
        raise typer.Exit(2)
