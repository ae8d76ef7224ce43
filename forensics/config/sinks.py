"""Where incidents are delivered, and what of them may leave the house."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from forensics.model.rule import Level

Redaction = Literal["identified", "pseudonymous", "minimal"]
Framing = Literal["octet-counting", "line-feed"]
SCHEMES: Final = ("file", "stdout", "tcp", "tls", "udp", "http", "https", "s3")
NAME: Final = r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$"
SinkName = Annotated[str, StringConstraints(pattern=NAME)]
_SECRET_KEYS = re.compile(r"(?i)^(token|password|passwd|secret|api_?key|bearer|credentials?|access_key.*|secret_.*)$")
_SECRET_HEADERS = re.compile(r"(?i)authorization|cookie|token|secret|api-?key|password")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class SinkConfig(BaseModel):
    """One receiver. Secrets are named, never written here: ``token_env`` is a variable of the environment, ``token_file`` a file.

    ``url``, or ``url_env`` or ``url_file`` where the address itself is the secret, as that of a chat's webhook is.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: str
    url: str | None = None
    url_env: str | None = None
    url_file: str | None = None
    min_severity: Level = "low"
    since: datetime | None = None
    redaction: Redaction = "identified"
    token_env: str | None = None
    token_file: str | None = None
    auth_header: str = "Authorization"
    auth_scheme: str = "Bearer"
    headers: dict[str, str] = Field(default_factory=dict)
    ca_file: str | None = None
    client_cert_file: str | None = None
    client_key_file: str | None = None
    proxy: str | None = None
    proxy_env: str | None = None
    endpoint: str | None = None
    framing: Framing = "octet-counting"
    batch: int = Field(default=100, ge=1, le=10_000)
    timeout_seconds: float = Field(default=30.0, gt=0, le=3600)
    attempts: int = Field(default=5, ge=1, le=100)
    patience_seconds: float = Field(default=600.0, gt=0, le=86_400)

    @model_validator(mode="before")
    @classmethod
    def _no_secrets(cls, given: Any) -> Any:
        for name in given if isinstance(given, dict) else ():
            if _SECRET_KEYS.match(str(name)):
                raise ValueError(f"{name} would put a secret into the file; name its variable with token_env, or its file with token_file")
        return given

    @field_validator("headers")
    @classmethod
    def _no_secret_headers(cls, headers: dict[str, str]) -> dict[str, str]:
        for name in headers:
            if _SECRET_HEADERS.search(name):
                raise ValueError(f"the header {name} looks like a secret; use auth_header with token_env or token_file")
        return headers

    @field_validator("since")
    @classmethod
    def _utc(cls, since: datetime | None) -> datetime | None:
        return since.replace(tzinfo=UTC) if since and since.tzinfo is None else since

    @field_validator("url", "proxy", "endpoint")
    @classmethod
    def _no_password(cls, url: str | None) -> str | None:
        if url and url_problem(url):
            raise ValueError(url_problem(url))
        return url

    @model_validator(mode="after")
    def _fits_together(self) -> "SinkConfig":
        for names in (("url", "url_env", "url_file"), ("token_env", "token_file"), ("proxy", "proxy_env")):
            if sum(getattr(self, name) is not None for name in names) > 1:
                raise ValueError(f"give one of {', '.join(names)}")
        if not (self.url or self.url_env or self.url_file):
            raise ValueError("give a url (or url_env, url_file), for example tls://collector:6514")
        if self.url and (problem := scheme_problem(self.url)):
            raise ValueError(problem)
        if self.client_key_file and not self.client_cert_file:
            raise ValueError("client_key_file needs client_cert_file")
        if self.url and urlsplit(self.url).scheme == "http" and (self.token_env or self.token_file) and host_of(self.url) not in _LOOPBACK:
            raise ValueError("the token would cross the network in clear text; use https")
        return self


def scheme_problem(url: str) -> str | None:
    """What is wrong with the kind of an address, without repeating it."""
    scheme = urlsplit(url).scheme if "://" in url else ("stdout" if url == "-" else "file")
    return None if scheme in SCHEMES else f"no sink is called {scheme}://; known are a file, -, {', '.join(f'{s}://' for s in SCHEMES)}"


def url_problem(url: str) -> str | None:
    """Whether an address holds a password."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "is not an address"
    return "holds a user or password; name a variable of the environment instead" if parts.username or parts.password else None


def host_of(url: str) -> str:
    return urlsplit(url).hostname or ""
