"""Syslog over UDP (RFC 5426): one datagram for each message. Nobody learns whether it arrived."""

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from forensics.export.interface import Answer, Message, Sink, Target
from forensics.export.sinks.tcp import address

PORT = 514


class _Datagrams:
    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def send(self, message: Message) -> Answer:
        try:
            self._connection.send(message.body.rstrip(b"\n"))
        except OSError as error:
            if error.errno != errno.EMSGSIZE:
                raise
            return Answer(413, f"{len(message.body):,} bytes do not fit into a datagram".encode())
        return Answer()


class UdpSink:
    """udp://"""

    schemes = ("udp",)
    answers = False

    @contextmanager
    def open(self, target: Target) -> Iterator[Sink]:
        host, port = address(target, PORT)
        kind, _, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        with socket.socket(kind, socket.SOCK_DGRAM) as connection:
            connection.settimeout(target.timeout)
            connection.connect(place)
            yield _Datagrams(connection)


SINK = UdpSink()
