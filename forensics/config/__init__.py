"""``forensics.toml`` to a frozen configuration. Every value has a default that works."""

import hashlib
import os
import tomllib
from pathlib import Path
from typing import Any, Literal, TypedDict, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from forensics.config.environment import overridden
from forensics.config.sinks import SinkConfig, SinkName
from forensics.model.errors import UsageError
from forensics.model.rule import Level

Principal = Literal["user", "key", "email", "arn", "ip"]
DEFAULT_STORE = "forensics-store"
FILE = "forensics.toml"
S = TypeVar("S", bound=BaseModel)


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


class Resources(TypedDict):
    """Cores (0: all) and memory that DuckDB may use."""

    threads: int
    memory_limit: str


class EngineConfig(_Section):
    """Resources. ``threads`` 0 means all cores."""

    threads: int = Field(default=0, ge=0, le=1024)
    memory_limit: str = Field(default="2GB", pattern=r"^\d+(\.\d+)?\s?(MB|GB|MiB|GiB)$")

    @property
    def resources(self) -> Resources:
        """What may be used, as arguments of whatever computes."""
        return Resources(threads=self.threads, memory_limit=self.memory_limit)


class NightlyConfig(_Section):
    """What a night reads, and where it tells how it went.

    ``sources``: as on the command line. ``look_back_days``: days before those with new calls that are scanned with them.
    ``record_file``: the run record, JSON. ``metrics_file``: for the textfile collector of Prometheus' node exporter.
    ``otlp_endpoint``: where the metrics go over HTTP, for example http://localhost:4318/v1/metrics.
    """

    sources: tuple[str, ...] = ()
    format: str | None = None
    mapping: str | None = None
    look_back_days: int = Field(default=7, ge=0, le=366)
    max_age_hours: float = Field(default=36.0, gt=0)
    fail_on: Level | None = None
    record_file: str | None = None
    metrics_file: str | None = None
    otlp_endpoint: str | None = None


class Config(_Section):
    """All settings of a run."""

    ingest: IngestConfig = IngestConfig()
    scan: ScanConfig = ScanConfig()
    engine: EngineConfig = EngineConfig()
    nightly: NightlyConfig = NightlyConfig()
    sinks: dict[SinkName, SinkConfig] = Field(default_factory=dict)

    @property
    def sha256(self) -> str:
        """Digest of what influences results; resources, and where results go, do not."""
        return hashlib.sha256(self.model_dump_json(include={"ingest", "scan"}).encode()).hexdigest()


def load_config(path: Path | None = None) -> Config:
    """Read ``path``, or ``forensics.toml`` in the working directory where there is one, or take the defaults; then what the environment
    overrides (``FORENSICS__SECTION__KEY``).

    Raises:
        UsageError: the file is missing, is no TOML, or has an unknown or unfitting key.
    """
    hint = "docs/architecture.md and docs/delivery.md list the settings; forensics config schema prints them for an editor"
    found = path or Path(FILE)
    try:
        given = tomllib.loads(found.read_text(encoding="utf-8")) if path or found.exists() else {}
        return Config.model_validate(overridden(given, os.environ))
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=str(found), hint="check --config") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"not valid TOML: {error}", where=str(found), hint=hint) from error
    except ValidationError as error:
        # The cause holds what stands in the file, which may be a secret in the wrong place.
        raise UsageError(_first(error), where=str(found), hint=hint) from None


def section(kind: type[S], where: str, given: dict[str, Any]) -> S:
    """A section from other places than the file.

    Raises:
        UsageError: a value does not fit.
    """
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        raise UsageError(_first(error), where=where) from None


def _first(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    key = ".".join(str(part) for part in first["loc"])
    return ": ".join(part for part in (key, first["msg"].removeprefix("Value error, ")) if part)


def store_directory(option: Path | None) -> Path:
    """``--store``, else ``FORENSICS_STORE``, else ``./forensics-store``."""
    return option or Path(os.environ.get("FORENSICS_STORE") or DEFAULT_STORE)
