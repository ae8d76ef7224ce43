"""A page to HTML, and to a file. Everything that comes from a log is data: escaped by the template engine, odd characters shown."""

import base64
import hashlib
import os
from contextlib import suppress
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from tempfile import mkstemp
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from forensics.model.errors import UsageError
from forensics.model.text import printable, shortened
from forensics.report.view import Page


def render(page: Page) -> str:
    """One HTML document that loads nothing; the same page gives the same bytes."""
    style = resources.files("forensics.report").joinpath("templates", "report.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    # The style sheet is ours, and the policy names its hash: nothing that is not in it can style the page.
    return _environment().get_template("report.html.j2").render(page=page, style=Markup(style), policy=policy)  # noqa: S704


def write(path: Path, html: str) -> None:
    """Whole or not at all, readable by its owner only: it names clients.

    Raises:
        UsageError: there is no such directory, nothing may be written there, or the path is a directory itself.
    """
    if path.is_dir():
        raise UsageError("is a directory", where=str(path), hint="name a file: --html report.html")
    try:
        descriptor, name = mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.")  # mkstemp makes files 0600
    except OSError as error:
        raise UsageError(f"cannot be written: {error.strerror}", where=str(path), hint="name a file in a directory of yours") from error
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(html)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            Path(name).unlink()
        raise


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("forensics.report"),
        autoescape=True,
        finalize=_safe,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"moment": _moment, "grouped": "{:,}".format, "of": _of, "short": shortened}
    return environment


def _safe(value: Any) -> Any:
    """What an expression of the template gives: text without a character that acts on a reader or on the page."""
    return value if isinstance(value, Markup) or not isinstance(value, str) else printable(value)


def _of(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
