"""The command line: parse, call, print, exit code. Nothing else in the package prints or exits."""

import errno
import os
import sys
import traceback
from typing import Annotated, NoReturn

import typer
from typer.exceptions import TyperException

import forensics
from forensics.cli import (
    demo,
    emulate,
    export,
    features,
    formats,
    incidents,
    ingest,
    install,
    nightly,
    output,
    query,
    report,
    rules,
    scan,
    store,
)
from forensics.model.errors import Exit, ForensicsError

app = typer.Typer(
    name="forensics",
    help="Find the clients who probe a model rather than use it, in the access logs that gateways already write.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 --fail-on met, 2 usage, 3 unusable input, 4 delivery incomplete, 5 internal, 75 locked.",
)
app.command("ingest")(ingest.ingest)
app.command("scan")(scan.scan)
app.command("nightly")(nightly.nightly)
app.command("features")(features.features)
app.command("query")(query.query)
app.command("export")(export.export)
app.command("emulate")(emulate.emulate)
app.command("demo")(demo.demo)
app.command("report")(report.report)
app.command("compact")(store.compact)
app.command("init")(install.init)
app.command("doctor")(install.doctor)
app.add_typer(install.config_app, name="config", help="Check the configuration; its schema for editors.")
app.add_typer(incidents.app, name="incidents", help="List and show incidents; decide of one.")
app.add_typer(rules.app, name="rules", help="List, show, validate and test detection rules.")
app.add_typer(formats.app, name="formats", help="List log formats; say which one a file is in.")


def _version(asked: bool) -> None:
    if asked:
        output.line(f"forensics {forensics.__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=_version)] = False,
) -> None:
    pass


def main() -> None:
    """Entry point: run a command and turn what went wrong into a sentence and an exit code."""
    try:
        code = app(prog_name="forensics", standalone_mode=False)
        sys.stdout.flush()
        sys.exit(code if isinstance(code, int) else Exit.DONE)
    except ForensicsError as error:
        output.error(str(error), error.hint)
        sys.exit(error.exit_code)
    except typer.Abort:
        _interrupted()
    except TyperException as error:
        error.show()  # type: ignore[attr-defined]  # the base class of typer's own usage errors is not public
        sys.exit(Exit.USAGE)
    except BrokenPipeError:
        # Whoever read our output has had enough; closing stdout again at exit must not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(Exit.DONE)
    except KeyboardInterrupt:
        _interrupted()
    except Exception as error:  # noqa: BLE001 - the last resort; the message may hold log content, so it is not shown
        _unexpected(error)


def _interrupted() -> NoReturn:
    output.error("interrupted; what was committed is kept, run the command again to go on")
    sys.exit(130)


def _unexpected(error: Exception) -> NoReturn:
    if type(error).__name__ == "InterruptException" or (isinstance(error, RuntimeError) and "interrupted" in str(error).lower()):
        _interrupted()  # how DuckDB passes Ctrl-C on
    if os.environ.get("FORENSICS_DEBUG"):
        raise error
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        output.error("no space left on the disk; what was committed is kept", "make room, then run the command again")
        sys.exit(Exit.INTERNAL)
    place = traceback.extract_tb(error.__traceback__)[-1]
    output.error(
        f"internal error: {type(error).__name__} in {place.name} ({place.filename}:{place.lineno})",
        "run again with FORENSICS_DEBUG=1 for the whole trace; it may contain log content",
    )
    sys.exit(Exit.INTERNAL)
