"""Where DuckDB may put what does not fit into memory: inside the store, so that its mode protects it."""

import os
import shutil
from itertools import count
from pathlib import Path

PREFIX = "spill-"
_numbers = count()


def spill_folder(root: Path) -> str:
    """A directory that no other connection uses; DuckDB makes it when it needs it, and removes it."""
    return str(root / f"{PREFIX}{os.getpid()}-{next(_numbers)}")


def remove_abandoned(root: Path) -> None:
    """Remove the spill directories of processes that are gone."""
    for folder in root.glob(f"{PREFIX}*"):
        try:
            os.kill(int(folder.name.removeprefix(PREFIX).split("-")[0]), 0)
        except ProcessLookupError:
            shutil.rmtree(folder, ignore_errors=True)
        except (PermissionError, ValueError):
            continue  # alive, but another user's; or not named by us
