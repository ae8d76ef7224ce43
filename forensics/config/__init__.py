"""``forensics.toml`` to a frozen configuration. Every value has a default that works."""

import hashlib
import os
import tomllib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from forensics.model.errors import UsageError

Principal = Literal["user", "key", "email", "arn", "ip"]
DEFAULT_STORE = "forensics-store"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class IngestConfig(_Section):
    """``identity``: the principal that a call is counted for is the first of these that the log fills."""

    identity: tuple[Principal, ...] = Field(default=("user", "key", "email", "arn", "ip"), min_length=1)
    max_rejects: float = Field(default=0.05, ge=0, le=1)
    max_record_mb: int = Field(default=32, ge=1, le=1024)


class ScanConfig(_Section):
    """``false_discovery_rate``: share of false incidents that the queue may hold."""

    false_discovery_rate: float = Field(default=0.05, gt=0, lt=1)


class EngineConfig(_Section):
    """Resources. ``threads`` 0 means all cores."""

    threads: int = Field(default=0, ge=0, le=1024)
    memory_limit: str = Field(default="2GB", pattern=r"^\d+(\.\d+)?\s?(MB|GB|MiB|GiB)$")


class Config(_Section):
    """All settings of a run."""

    ingest: IngestConfig = IngestConfig()
    scan: ScanConfig = ScanConfig()
    engine: EngineConfig = EngineConfig()

    @property
    def sha256(self) -> str:
        """Digest of what influences results; resources do not."""
        return hashlib.sha256(self.model_dump_json(exclude={"engine"}).encode()).hexdigest()


def load_config(path: Path | None = None) -> Config:
    """Read ``path``, or ``forensics.toml`` in the working directory where there is one, or take the defaults.

    Raises:
        UsageError: the file is missing, is no TOML, or has an unknown or unfitting key.
    """
    if path is None:
        path = Path("forensics.toml")
        if not path.exists():
            return Config()
    hint = "docs/architecture.md lists the settings"
    try:
        return Config.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=str(path), hint="check --config") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"not valid TOML: {error}", where=str(path), hint=hint) from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"{key}: {first['msg']}", where=str(path), hint=hint) from error


def store_directory(option: Path | None) -> Path:
    """``--store``, else ``FORENSICS_STORE``, else ``./forensics-store``."""
    return option or Path(os.environ.get("FORENSICS_STORE") or DEFAULT_STORE)
