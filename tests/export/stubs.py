"""Receivers that are stricter than the real ones: an HTTP server on a thread, with the rules of one of them."""

import ipaddress
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# (method, path, headers, body) to (status, answer)
Rules = Callable[[str, str, dict[str, str], bytes], tuple[int, dict[str, Any]]]


@contextmanager
def served(rules: Rules, product: str = "Elasticsearch") -> Iterator[str]:
    """The address of a server with these rules."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, said = rules(self.command, self.path, dict(self.headers.items()), body)
            text = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("X-Elastic-Product", product)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PUT = do_HEAD = answer  # noqa: N815  # the names of http.server

        def log_message(self, *_: object) -> None:
            """Nothing: the test says what went wrong."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Bulk:
    """A data stream of Elasticsearch: only `create`, only with @timestamp, each ``_id`` once, fields of the types of ECS."""

    def __init__(self, limit: int = 10_000_000) -> None:
        self.documents: dict[str, dict[str, Any]] = {}
        self.limit = limit
        self.busy: set[str] = set()  # ids that are answered with 429

    def __call__(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, Any]]:
        if not path.split("?")[0].endswith("/_bulk"):
            return 200, {"version": {"number": "9.4.0", "build_flavor": "default"}, "tagline": "You Know, for Search"}
        kind = headers.get("Content-Type", headers.get("content-type", ""))
        if "x-ndjson" not in kind and "json" not in kind:
            return 406, {"error": f"content type {kind}"}
        if len(body) > self.limit:
            return 413, {"error": "too large"}
        if not body.endswith(b"\n"):
            return 400, {
                "error": {"type": "illegal_argument_exception", "reason": "The bulk request must be terminated by a newline [\\n]"}
            }
        lines = body.split(b"\n")[:-1]
        if len(lines) % 2:
            return 400, {"error": {"type": "illegal_argument_exception", "reason": "Malformed action/metadata line"}}
        items = [self.item(json.loads(lines[n]), lines[n + 1]) for n in range(0, len(lines), 2)]
        return 200, {"took": 1, "errors": any(i["create"]["status"] >= 300 for i in items), "items": items}

    def item(self, action: dict[str, Any], line: bytes) -> dict[str, Any]:
        assert list(action) == ["create"], "only write ops with an op_type of create are allowed in data streams"
        identifier = action["create"]["_id"]
        assert len(identifier.encode()) <= 512
        status, error = self.stored(identifier, line)
        return {"create": {"_id": identifier, "status": status} | ({"error": error} if error else {})}

    def stored(self, identifier: str, line: bytes) -> tuple[int, dict[str, str] | None]:
        if identifier in self.busy:
            return 429, {"type": "es_rejected_execution_exception", "reason": "queue is full"}
        if identifier in self.documents:
            return 409, {"type": "version_conflict_engine_exception", "reason": "document already exists"}
        document = json.loads(line)
        if problem := mapping_problem(document):
            return 400, {"type": "document_parsing_exception", "reason": problem}
        self.documents[identifier] = document
        return 201, None


def mapping_problem(document: dict[str, Any]) -> str | None:
    """What the mappings of ECS and Lucene refuse."""
    try:
        for name in ("@timestamp",):
            datetime.fromisoformat(document[name])
        for name in ("created", "start", "end"):
            datetime.fromisoformat(document["event"][name])
        for place in ("source", "related"):
            for address in document.get(place, {}).get("ip", []):
                ipaddress.ip_address(address)
        assert document["event"]["kind"] in ("alert", "asset", "enrichment", "event", "metric", "state", "pipeline_error")
        assert set(document["event"]["category"]) <= {"api", "intrusion_detection"}
        assert document["event"]["type"] == ["info"]
        assert isinstance(document["event"]["severity"], int)
        _terms(document)
    except (KeyError, ValueError, AssertionError) as problem:
        return repr(problem)
    return None


def _terms(value: Any) -> None:
    if isinstance(value, str):
        assert len(value.encode()) <= 32_766, "immense term"
    elif isinstance(value, dict):
        for name, each in value.items():
            assert "." not in name, name
            _terms(each)
    elif isinstance(value, list):
        for each in value:
            _terms(each)


class Collector:
    """Splunk HTTP Event Collector, with its codes."""

    def __init__(self, token: str, limit: int = 1_000_000) -> None:
        self.events: list[dict[str, Any]] = []
        self.token = token
        self.limit = limit

    def __call__(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, Any]]:
        if path != "/services/collector/event":
            return 404, {"text": "The requested URL was not found on this server.", "code": 404}
        if "Authorization" not in headers:
            return 401, {"text": "Token is required", "code": 2}
        if headers["Authorization"] != f"Splunk {self.token}":
            return 403, {"text": "Invalid token", "code": 4}
        if not body:
            return 400, {"text": "No data", "code": 5}
        if len(body) > self.limit:
            return 413, {"text": "Content-Length of request too large", "code": 413}
        return self.accept(body.decode("ascii"))

    def accept(self, text: str) -> tuple[int, dict[str, Any]]:
        decoder, place, number, found = json.JSONDecoder(), 0, 0, []
        while place < len(text):
            try:
                event, place = decoder.raw_decode(text, place)
            except ValueError:
                return 400, {"text": "Invalid data format", "code": 6, "invalid-event-number": number}
            place += len(text[place:]) - len(text[place:].lstrip())
            if problem := self.problem(event):
                return 400, {"text": problem[1], "code": problem[0], "invalid-event-number": number}
            found.append(event)
            number += 1
        self.events += found
        return 200, {"text": "Success", "code": 0}

    @staticmethod
    def problem(event: Any) -> tuple[int, str] | None:
        if not isinstance(event, dict):
            return 6, "Invalid data format"
        if "event" not in event:
            return 12, "Event field is required"
        if event["event"] in ("", None):
            return 13, "Event field cannot be blank"
        known = {"time", "host", "source", "sourcetype", "index", "fields", "event"}
        if event.keys() - known or not isinstance(event.get("time"), int | float):
            return 6, "Invalid data format"
        severity = event["event"].get("severity")
        return None if severity in ("critical", "high", "medium", "low", "informational") else (6, "severity of CIM")
