"""The key that makes hashes of prompts and rows worthless to whoever steals only the store."""

import hashlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from forensics.model.errors import UsageError

KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Key:
    """``key_id`` may be shown and stored; ``secret`` never."""

    key_id: str
    secret: bytes

    def __repr__(self) -> str:
        return f"Key({self.key_id})"


def default_key_file() -> Path:
    """``FORENSICS_KEY_FILE``, or ``forensics/key`` in the user's configuration directory: never inside the store."""
    if named := os.environ.get("FORENSICS_KEY_FILE"):
        return Path(named).expanduser()
    base = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return base / "forensics" / "key"


def load_key(path: Path | None = None) -> Key:
    """Read the key; create it, mode 0600, on first use.

    Raises:
        UsageError: the file exists but holds no 64 hex digits, or others may read it.
    """
    path = path or default_key_file()
    if not path.exists():
        _create(path)
    if path.stat().st_mode & 0o077:
        raise UsageError("others may read the key", where=str(path), hint=f"chmod 600 {path}")
    text = path.read_text(encoding="ascii", errors="replace").strip()
    try:
        secret = bytes.fromhex(text)
    except ValueError:
        secret = b""
    if len(secret) != KEY_BYTES:
        raise UsageError(
            f"expected {KEY_BYTES * 2} hex digits, found {len(text)} characters",
            where=str(path),
            hint="restore the key from your backup; with another key earlier hashes match nothing",
        )
    return Key(hashlib.sha256(b"forensics key id\0" + secret).hexdigest()[:16], secret)


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Linked into place whole, so that of two first runs one wins and no reader sees a half-written key.
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(KEY_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            return
    finally:
        temporary.unlink()
