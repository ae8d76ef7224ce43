"""Syslog over TCP and TLS (RFC 6587, RFC 5425), or any stream of lines.

Syslog has no acknowledgement. What comes nearest: the receiver has not closed a moment after all was sent; then we say that we are done,
and it closes in order. One that turns us away closes earlier; one that died, or left bytes unread, resets the connection. In both cases
what was sent counts as not delivered.
"""

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from forensics.export.interface import Answer, Message, Sink, Target
from forensics.export.tls import context
from forensics.model.errors import UsageError

LEAST_PATIENCE = 0.5  # seconds
PORTS = {"tcp": 601, "tls": 6514}  # what IANA gave to syslog


def address(target: Target, default: int) -> tuple[str, int]:
    """Raises:
    UsageError: the URL has no host, or no such port can be.
    """
    parts = urlsplit(target.url)
    try:
        port = parts.port or default
    except ValueError:
        port = 0
    if not parts.hostname or not port:
        raise UsageError("expected a host and a port", where=target.shown, hint=f"for example {parts.scheme}://collector:{default}")
    return parts.hostname, port


class _Stream:
    def __init__(self, connection: socket.socket, target: Target) -> None:
        self._connection = connection
        self._counting = target.framing == "octet-counting"

    def send(self, message: Message) -> Answer:
        body = message.body.rstrip(b"\n")
        self._connection.sendall(b"%d %b" % (len(body), body) if self._counting else body + b"\n")
        return Answer()


class StreamSink:
    """tcp:// and tls://"""

    schemes = ("tcp", "tls")
    answers = False

    @contextmanager
    def open(self, target: Target) -> Iterator[Sink]:
        scheme = urlsplit(target.url).scheme
        host, port = address(target, PORTS[scheme])
        secured = context(target) if scheme == "tls" else None
        started = time.monotonic()
        with socket.create_connection((host, port), timeout=target.timeout) as plain:
            if secured is None:
                patience = _patience(started)
                yield _Stream(plain, target)
                _still_open(plain, patience)
                plain.shutdown(socket.SHUT_WR)
                _wait_for_end(plain)
            else:
                with secured.wrap_socket(plain, server_hostname=host) as connection:
                    patience = _patience(started)
                    yield _Stream(connection, target)
                    _still_open(connection, patience)
                    _say_goodbye(connection)


def _patience(started: float) -> float:
    """Seconds within which an objection would have arrived: several times what connecting took."""
    return max(LEAST_PATIENCE, 4 * (time.monotonic() - started))


def _still_open(connection: socket.socket, seconds: float) -> None:
    """A receiver that turns us away, for our certificate (TLS 1.3 and rsyslog say so after the handshake) or our address, closes at once;
    one that takes what we send keeps the connection open until we close it. Only before our goodbye can the two be told apart.

    Raises:
        ConnectionError: it has closed.
    """
    deadline, usual = time.monotonic() + seconds, connection.gettimeout()
    try:
        while (left := deadline - time.monotonic()) > 0:
            connection.settimeout(left)
            if not connection.recv(65_536):
                raise ConnectionAbortedError("the receiver closed the connection before we did: does it know our certificate or address?")
    except TimeoutError:
        pass  # silence is consent
    finally:
        connection.settimeout(usual)


def _say_goodbye(connection: ssl.SSLSocket) -> None:
    try:
        plain = connection.unwrap()
    except ssl.SSLEOFError:
        return  # it closed without its own goodbye, which many receivers leave out; a reset would be another error
    _wait_for_end(plain)


def _wait_for_end(connection: socket.socket) -> None:
    """Read what the receiver may say until it closes, for as long as one call may wait."""
    deadline = time.monotonic() + (connection.gettimeout() or 0.0)
    while connection.recv(65_536):
        if time.monotonic() > deadline:
            raise TimeoutError("the receiver does not close the connection")


SINK = StreamSink()
