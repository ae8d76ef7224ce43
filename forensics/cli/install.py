"""forensics init | doctor | config"""

from pathlib import Path
from typing import Annotated

import typer

from forensics.cli import output
from forensics.cli.options import ConfigOption, RulesOption, StoreOption, configuration, rules_directory
from forensics.config import Config, store_directory
from forensics.model.errors import Exit

config_app = typer.Typer(no_args_is_help=True)


def init(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where the files go.")] = Path(),
    source: Annotated[
        list[str] | None, typer.Option("--source", metavar="SOURCE", help="A log, directory or glob; can be repeated.")
    ] = None,
    store: StoreOption = None,
) -> None:
    """Write a configuration, a systemd unit and timer, a cron line, a Kubernetes CronJob and a container file.

    What is there already is left alone. Example:

      forensics init /etc/forensics --source /var/log/litellm --store /var/lib/forensics/store
    """
    from forensics.operate import setup
    from forensics.sketch.key import default_key_file

    written, kept = setup.init(directory, store_directory(store), default_key_file(), tuple(source or ()))
    for path in written:
        output.line(str(path))
    for path in kept:
        output.note(f"{path} is there already and was left alone")
    output.note("next: edit forensics.toml, then forensics config check, forensics doctor, forensics nightly")


def doctor(store: StoreOption = None, rules: RulesOption = None, config: ConfigOption = None) -> None:
    """Check the installation, the store, the freshness of the logs and the sinks. Sends nothing, changes nothing."""
    from forensics.operate.doctor import examine, exit_code

    checks = list(examine(configuration(config), store_directory(store), rules_directory(rules)))
    output.grid(["check", "state", "what"], [[c.name, c.state, c.said] for c in checks], wrap="what")
    for check in checks:
        if check.state != "ok" and check.hint:
            output.note(f"{check.name}: {check.hint}")
    raise typer.Exit(exit_code(checks))


@config_app.command("check")
def check(config: ConfigOption = None) -> None:
    """Read the configuration with what the environment overrides, and the secrets that it names; connect to nothing."""
    from forensics.model.errors import ForensicsError
    from forensics.operate.exporting import route

    settings = configuration(config)
    wrong = 0
    for name, sink in sorted(settings.sinks.items()):
        try:
            way = route(name, sink)
            output.line(f"sink {name}: {sink.format} to {way.target.shown}, from {sink.min_severity} on, {sink.redaction}")
        except ForensicsError as error:
            wrong += 1
            output.error(str(error), error.hint)
    if wrong:
        raise typer.Exit(Exit.USAGE)
    output.note(f"the configuration is fine: {len(settings.nightly.sources)} sources, {len(settings.sinks)} sinks")


@config_app.command("schema")
def schema() -> None:
    """The JSON schema of forensics.toml, for editors."""
    output.emit_json({"$schema": "https://json-schema.org/draft/2020-12/schema"} | Config.model_json_schema())
