"""What answers mean: which revisions arrived, which are tried again, which are refused for good."""

import json

import pytest
from outgoing import OUTGOING

from forensics.export.interface import ExportFormat, Message
from forensics.export.plugins import formats

FORMATS: dict[str, ExportFormat] = {f.name: f for f in formats()}
OF_THEIR_OWN = {"elastic-bulk", "splunk-hec", "thehive", "slack"}
SENT = Message(b"", ("INC-1:1", "INC-2:4"))


@pytest.mark.parametrize("name", sorted(set(FORMATS) - OF_THEIR_OWN))
@pytest.mark.parametrize(
    ("status", "outcome"),
    [(200, "delivered"), (201, "delivered"), (202, "delivered"), (204, "delivered")]
    + [(status, "retry") for status in (401, 403, 407, 408, 425, 429, 500, 502, 503, 504)]
    + [(status, "refused") for status in (301, 400, 404, 409, 413, 415, 422)],
)
def test_by_status(name: str, status: int, outcome: str) -> None:
    receipt = FORMATS[name].receipt(SENT, status, b"<html>\x1b[2J</html>")
    assert {o: list(getattr(receipt, o) or ()) for o in ("delivered", "retry", "refused")} == {
        o: list(SENT.keys) if o == outcome else [] for o in ("delivered", "retry", "refused")
    }
    assert all("\x1b" not in why for why in {**(receipt.retry or {}), **(receipt.refused or {})}.values())


def items(*statuses: int) -> bytes:
    return json.dumps(
        {"errors": True, "items": [{"create": {"status": s, "error": {"type": "t", "reason": "r"}}} for s in statuses]}
    ).encode()


@pytest.mark.parametrize(
    ("answer", "delivered", "retry", "refused"),
    [
        (items(201, 409), SENT.keys, {}, {}),
        (items(429, 201), ("INC-2:4",), {"INC-1:1"}, {}),
        (items(400, 503), (), {"INC-2:4"}, {"INC-1:1"}),
        (items(201), (), set(SENT.keys), {}),
        (b"", (), set(SENT.keys), {}),
        (b"[]", (), set(SENT.keys), {}),
        (b'{"items": [1, 2]}', (), set(SENT.keys), {}),
        (b'{"items": [{"create": {}}, {"create": {"status": 201}}]}', ("INC-2:4",), {"INC-1:1"}, {}),
        (b"<html>a proxy's page</html>", (), set(SENT.keys), {}),
    ],
)
def test_bulk(answer: bytes, delivered: tuple[str, ...], retry: set[str], refused: set[str]) -> None:
    receipt = FORMATS["elastic-bulk"].receipt(SENT, 200, answer)
    assert (receipt.delivered, set(receipt.retry or {}), set(receipt.refused or {})) == (delivered, set(retry), set(refused))


@pytest.mark.parametrize(
    ("status", "answer", "outcome"),
    [
        (200, {"text": "Success", "code": 0}, "delivered"),
        (200, {"text": "Success", "code": 0, "ackId": 7}, "delivered"),
        (200, {"text": "Server is busy", "code": 9}, "retry"),
        (503, {"text": "Server is busy", "code": 9}, "retry"),
        (500, {"text": "Internal server error", "code": 8}, "retry"),
        (401, {"text": "Token is required", "code": 2}, "retry"),
        (403, {"text": "Invalid token", "code": 4}, "retry"),
        (400, {"text": "Incorrect index", "code": 7}, "refused"),
        (400, {"text": "Data channel is missing", "code": 10}, "refused"),
        (413, {}, "refused"),
    ],
)
def test_collector(status: int, answer: dict[str, object], outcome: str) -> None:
    receipt = FORMATS["splunk-hec"].receipt(SENT, status, json.dumps(answer).encode())
    assert list(getattr(receipt, outcome) or ()) == list(SENT.keys)


def test_collector_behind_a_proxy() -> None:
    assert set(FORMATS["splunk-hec"].receipt(SENT, 200, b"<html>").retry or {}) == set(SENT.keys)
    assert set(FORMATS["splunk-hec"].receipt(SENT, 400, b'["no object"]').refused or {}) == set(SENT.keys)


def test_an_alert_that_thehive_has() -> None:
    there = b'{"type":"CreateError","message":"Alert already exist"}'
    assert FORMATS["thehive"].receipt(SENT, 400, there).delivered == SENT.keys
    assert set(FORMATS["thehive"].receipt(SENT, 400, b'{"type":"BadRequest"}').refused or {}) == set(SENT.keys)
    assert FORMATS["thehive"].receipt(SENT, 201, b"{}").delivered == SENT.keys


@pytest.mark.parametrize("status", [404, 410, 429, 500])
def test_a_webhook_of_slack_that_is_gone_may_come_back(status: int) -> None:
    assert set(FORMATS["slack"].receipt(SENT, status, b"no_service").retry or {}) == set(SENT.keys)


def test_a_payload_that_slack_refuses() -> None:
    assert set(FORMATS["slack"].receipt(SENT, 400, b"invalid_blocks").refused or {}) == set(SENT.keys)


def test_every_format_answers_for_what_it_made() -> None:
    for fmt in FORMATS.values():
        for message in fmt.render(OUTGOING):
            assert set(fmt.receipt(message, 500, b"").retry or {}) == set(message.keys), fmt.name
