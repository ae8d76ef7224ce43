"""A strict HTTP receiver that misbehaves as it is told: refuses, stalls, answers 429 and 5xx, half-accepts, dies."""

import json
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# What to do with a request: a name of a method of `_Handler`, given the number of the request.
Mood = Callable[[int], str]


@dataclass
class Receiver:
    """``had``: how often each key was accepted. ``bodies``: what was accepted for it, each time."""

    mood: Mood = lambda n: "accept"
    token: str | None = None
    stall_seconds: float = 5.0
    retry_after: str = "7"
    had: Counter[str] = field(default_factory=Counter)
    bodies: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    headers: list[dict[str, str]] = field(default_factory=list)
    requests: int = 0
    wrong: list[str] = field(default_factory=list)
    url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, lines: list[dict[str, Any]]) -> None:
        with self.lock:
            for row in lines:
                self.had[row["key"]] += 1
                self.bodies.setdefault(row["key"], []).append(row)


class _Handler(BaseHTTPRequestHandler):
    receiver: Receiver
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        receiver = self.receiver
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with receiver.lock:
            receiver.requests += 1
            number = receiver.requests
            receiver.headers.append({k.lower(): v for k, v in self.headers.items()})
        if receiver.token and self.headers.get("Authorization") != receiver.token:
            self.answer(401, b'{"error": "who are you"}')
            return
        lines = [json.loads(text) for text in body.splitlines()]
        if not self.headers.get("Idempotency-Key") or not lines:
            receiver.wrong.append("no key or no line")
        getattr(self, receiver.mood(number))(lines)

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def accept(self, lines: list[dict[str, Any]]) -> None:
        self.receiver.take(lines)
        self.answer(200, json.dumps({row["key"]: 201 for row in lines}).encode())

    def accept_and_die(self, lines: list[dict[str, Any]]) -> None:
        """The answer is lost: the sender cannot know."""
        self.receiver.take(lines)
        self.die(lines)

    def die(self, lines: list[dict[str, Any]]) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        self.connection.close()
        self.close_connection = True

    def half(self, lines: list[dict[str, Any]]) -> None:
        """Every second item is taken, the others are to come again."""
        self.receiver.take(lines[::2])
        said = {row["key"]: 429 for row in lines} | {row["key"]: 201 for row in lines[::2]}
        self.answer(200, json.dumps(said).encode())

    def stall(self, lines: list[dict[str, Any]]) -> None:
        time.sleep(self.receiver.stall_seconds)
        self.die(lines)

    def drip(self, lines: list[dict[str, Any]]) -> None:
        """An answer that never ends, a byte at a time."""
        self.send_response(200)
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        try:
            for _ in range(int(self.receiver.stall_seconds * 20)):
                self.wfile.write(b" ")
                time.sleep(0.05)
        except OSError:
            pass
        self.die(lines)

    def busy(self, lines: list[dict[str, Any]]) -> None:
        self.answer(429, b"slow down", Retry_After=self.receiver.retry_after)

    def unavailable(self, lines: list[dict[str, Any]]) -> None:
        self.answer(503)

    def refuse(self, lines: list[dict[str, Any]]) -> None:
        self.answer(400, b'{"error": "no such field"}')

    def redirect(self, lines: list[dict[str, Any]]) -> None:
        self.answer(302, Location="http://127.0.0.1:1/elsewhere")

    def log_message(self, format: str, *args: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Connections that end in the middle are what this is for."""


@contextmanager
def receiving(receiver: Receiver, tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    handler = type("Handler", (_Handler,), {"receiver": receiver})
    with _Server(("127.0.0.1", 0), handler) as server:
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        receiver.url = f"{'https' if tls else 'http'}://localhost:{server.server_address[1]}/events"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()
