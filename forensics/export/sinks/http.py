"""HTTP(S): one POST for each message, with its idempotency key."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from hashlib import sha256
from urllib.parse import urlsplit

import httpx

import forensics
from forensics.export.interface import Answer, Message, Sink, Target
from forensics.export.tls import context

MOST_ANSWER = 8_000_000  # bytes; the answer of a bulk API has a few hundred for each item


class _Posts:
    def __init__(self, client: httpx.Client, target: Target) -> None:
        self._client = client
        self._target = target
        self._sent: Counter[str] = Counter()

    def send(self, message: Message) -> Answer:
        key = message.keys[0] if len(message.keys) == 1 else sha256("\0".join(message.keys).encode()).hexdigest()
        self._sent[key] += 1
        if self._sent[key] > 1:  # a format may need several messages for one revision
            key = f"{key}-part{self._sent[key]}"
        deadline = time.monotonic() + self._target.timeout
        try:
            with self._client.stream("POST", self._target.url, content=message.body, headers={"Idempotency-Key": key}) as response:
                body = self._read(response, deadline)
        except httpx.HTTPError as error:
            # Its text may hold the whole address. The answer may be lost after the message has arrived, hence the key.
            raise ConnectionError(f"{type(error).__name__} at {self._target.shown}") from None
        return Answer(response.status_code, body, _seconds(response.headers.get("retry-after")))

    def _read(self, response: httpx.Response, deadline: float) -> bytes:
        body = bytearray()
        for block in response.iter_bytes():
            body += block
            if len(body) > MOST_ANSWER:
                raise ConnectionError(f"an answer of more than {MOST_ANSWER:,} bytes from {self._target.shown}")
            if time.monotonic() > deadline:  # each byte would start the client's own clock again
                raise TimeoutError(f"the answer of {self._target.shown} does not end")
        return bytes(body)


class HttpSink:
    """http:// and https://, with a token, a client certificate and a proxy."""

    schemes = ("http", "https")
    answers = True

    @contextmanager
    def open(self, target: Target) -> Iterator[Sink]:
        headers = {"Content-Type": target.media_type, "User-Agent": f"forensics/{forensics.__version__}", **dict(target.headers)}
        if target.token:
            headers[target.auth_header] = f"{target.auth_scheme} {target.token}".strip()
        # Redirects are not followed: they would take the token along. Nor does the environment say where to connect.
        with httpx.Client(
            verify=context(target) if urlsplit(target.url).scheme == "https" else True,
            proxy=target.proxy,
            timeout=target.timeout,
            headers=headers,
            trust_env=False,
            follow_redirects=False,
        ) as client:
            yield _Posts(client, target)


def _seconds(retry_after: str | None) -> float | None:
    """The header as seconds or as a date; null where it is neither."""
    if retry_after is None:
        return None
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        moment = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


SINK = HttpSink()
