"""Secrets by reference: a variable of the environment, or a file."""

import os
from pathlib import Path

from forensics.model.errors import UsageError


def secret(env: str | None, file: str | None, what: str) -> str | None:
    """The secret that ``env`` or ``file`` names; null where neither does. ``what`` it is for, in messages, which never hold it.

    Raises:
        UsageError: the variable is not set, the file cannot be read, or the secret is empty or not one line of printable ASCII.
    """
    if env is None and file is None:
        return None
    if env is not None:
        where, found = f"${env}", os.environ.get(env)
        if found is None:
            raise UsageError(f"{what}: the variable is not set", where=where, hint=f"export {env}, or put it into the unit's environment")
    else:
        where = str(file)
        try:
            found = Path(where).expanduser().read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "is no text"
            raise UsageError(f"{what}: cannot be read: {reason}", where=where, hint="check the file and its permissions") from None
    found = found.strip()
    if not found or not found.isascii() or not found.isprintable():
        raise UsageError(f"{what}: expected one line of printable ASCII", where=where, hint="is it the right file?")
    return found
