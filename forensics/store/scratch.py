"""Where DuckDB may put what does not fit into memory: inside the store, so that its mode protects it."""

import os
import shutil
from itertools import count
from pathlib import Path
from secrets import token_hex

PREFIX = "spill-"
_numbers = count()
_token = token_hex(4)  # in a container every run may have the same process id


def spill_folder(root: Path) -> str:
    """A directory that no other connection uses; DuckDB makes it when it needs it, and removes it."""
    return str(root / f"{PREFIX}{os.getpid()}-{_token}-{next(_numbers)}")


def remove_abandoned(root: Path) -> None:
    """Remove the spill directories of processes that are gone."""
    for folder in root.glob(f"{PREFIX}*"):
        if folder.name.startswith(f"{PREFIX}{os.getpid()}-") and f"-{_token}-" not in folder.name:
            shutil.rmtree(folder, ignore_errors=True)  # of an earlier process with our number
            continue
        try:
            os.kill(int(folder.name.removeprefix(PREFIX).split("-")[0]), 0)
        except ProcessLookupError:
            shutil.rmtree(folder, ignore_errors=True)
        except (PermissionError, ValueError):
            continue  # alive, but another user's; or not named by us
