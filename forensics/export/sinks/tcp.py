"""Syslog over TCP and TLS (RFC 6587, RFC 5425), or any stream of lines.

Syslog has no acknowledgement. What comes nearest is to end the connection in order: we say that we are done and wait for the receiver
to close. One that died, or closed with unread bytes, resets the connection instead, and what was sent counts as not delivered.
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
        with socket.create_connection((host, port), timeout=target.timeout) as plain:
            if secured is None:
                yield _Stream(plain, target)
                plain.shutdown(socket.SHUT_WR)
                _wait_for_end(plain)
            else:
                with secured.wrap_socket(plain, server_hostname=host) as connection:
                    yield _Stream(connection, target)
                    _say_goodbye(connection)


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
