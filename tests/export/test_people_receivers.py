"""What people read and what services take one by one: TheHive's client, Slack's and Microsoft's own readers, CloudEvents, ASIM."""

import json
import shutil
import subprocess
from datetime import datetime
from typing import Any

import pytest
from outgoing import DELIMITERS, OUTGOING, hostile, outgoing
from stubs import served
from support import HOSTILE, ROOT

from forensics.export.interface import ExportFormat
from forensics.export.plugins import formats

FORMATS: dict[str, ExportFormat] = {f.name: f for f in formats()}
EVERY = (*OUTGOING, *(outgoing(hostile(text)) for text in (*DELIMITERS, *HOSTILE)))
CARDS = ROOT / "build/npm/node_modules/adaptivecards/dist/adaptivecards.js"

READ_CARDS = """
const ac = require(process.argv[1]);
for (const line of require("fs").readFileSync(0, "utf8").split("\\n")) {
  if (!line) continue;
  const card = new ac.AdaptiveCard();
  const context = new ac.SerializationContext(ac.Versions.v1_4);
  card.parse(JSON.parse(line), context);
  console.log(context.eventCount + card.validateProperties().validationEvents.length);
}
"""

# learn.microsoft.com, "ASIM Alert Schema Reference" 0.1 and "ASIM common fields": what a row must have, and what may stand in it.
ASIM_MANDATORY = {
    "EventCount", "EventStartTime", "EventEndTime", "EventType", "EventUid", "EventProduct", "EventVendor", "EventSchema",
    "EventSchemaVersion", "EventResult", "EventSeverity", "Dvc",
}  # fmt: skip
ASIM_VALUES = {
    "EventType": {"Alert"},
    "EventSubType": {"Threat", "Suspicious Activity", "Anomaly", "Compliance Violation"},
    "EventResult": {"Success", "Partial", "Failure", "NA"},
    "EventSeverity": {"Informational", "Low", "Medium", "High"},
    "EventSchema": {"AlertEvent"},
    "EventSchemaVersion": {"0.1"},
    "AlertVerdict": {"True Positive", "False Positive", "Benign Positive", "Unknown"},
    "AlertStatus": {"Active", "Closed"},
    "DetectionMethod": {"Behavioral Analytics"},
    "ThreatCategory": {"Unknown"},
    "IndicatorType": {"Ip", "User"},
    "IndicatorAssociation": {"Associated", "Targeted"},
    "UserIdType": {"GUID", "SID", "Email", "Username", "Phone", "Other"},
    "UsernameType": {"UPN", "Windows", "DN", "Simple"},
}


def bodies(name: str, outs: Any = EVERY) -> list[bytes]:
    return [message.body for message in FORMATS[name].render(outs)]


def test_client_of_thehive() -> None:
    """Its client sends our alerts and knows every field of them; a second attempt is harmless."""
    thehive4py = pytest.importorskip("thehive4py", reason="thehive4py is not installed")
    errors = pytest.importorskip("thehive4py.errors")
    alert_type = pytest.importorskip("thehive4py.types.alert").InputAlert
    observable_type = pytest.importorskip("thehive4py.types.observable").InputObservable
    kept: dict[tuple[str, str, str], dict[str, Any]] = {}

    def rules(method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, Any]]:
        alert = json.loads(body)
        assert (method, path) == ("POST", "/api/v1/alert")
        assert alert_type.__required_keys__ <= alert.keys() <= alert_type.__annotations__.keys()
        observables = [(o["dataType"], o["data"]) for o in alert["observables"]]
        if len(set(observables)) < len(observables) or alert["severity"] not in (1, 2, 3, 4) or len(alert["title"]) > 512:
            return 400, {"type": "BadRequest", "message": "invalid"}
        assert all(o.keys() <= observable_type.__annotations__.keys() and len(o["data"]) <= 4096 for o in alert["observables"])
        assert len(alert["description"]) <= 1_048_576
        assert all(len(tag) <= 128 for tag in alert["tags"])
        identity = (alert["type"], alert["source"], alert["sourceRef"])
        if identity in kept:
            return 400, {"type": "CreateError", "message": "Alert already exist"}
        kept[identity] = alert
        return 201, alert

    with served(rules) as url:
        client = thehive4py.TheHiveApi(url=url, apikey="key")
        for body in bodies("thehive", OUTGOING):
            assert client.alert.create(json.loads(body))["type"] == "model-probing"
        with pytest.raises(errors.TheHiveError, match="already exist"):
            client.alert.create(json.loads(bodies("thehive", OUTGOING)[0]))
        client.session.close()
    assert len(kept) == len(OUTGOING)


def test_blocks_are_those_of_slack() -> None:
    """Slack's own library reads them back and finds no length exceeded."""
    blocks = pytest.importorskip("slack_sdk.models.blocks", reason="slack_sdk is not installed")
    for body in bodies("slack"):
        message = json.loads(body)
        read = blocks.Block.parse_all(message["blocks"])
        for block in read:
            block.validate_json()
        assert [block.type for block in read] == [block["type"] for block in message["blocks"]]


def test_cards_are_those_of_microsoft() -> None:
    """Microsoft's library parses them as version 1.4 without a remark; it has some for a card that is wrong."""
    node = shutil.which("node")
    if node is None or not CARDS.exists():
        pytest.skip("the library of Adaptive Cards is not installed: npm install --prefix build/npm adaptivecards")
    cards = [json.loads(body)["attachments"][0]["content"] for body in bodies("teams")]
    wrong = json.loads(json.dumps(cards[0]))
    wrong["body"][0]["inlines"][0]["size"] = "enormous"
    lines = "\n".join(json.dumps(card) for card in [*cards, wrong])
    done = subprocess.run([node, "-e", READ_CARDS, str(CARDS)], input=lines, capture_output=True, text=True, check=True)
    assert [int(count) for count in done.stdout.split()] == [0] * len(cards) + [1]


def test_cloud_events() -> None:
    """The reference library reads the webhook's body as an event of version 1.0."""
    http = pytest.importorskip("cloudevents.core.bindings.http", reason="cloudevents is not installed")
    for out, body in zip(EVERY, bodies("webhook"), strict=True):
        message = http.HTTPMessage(headers={"content-type": FORMATS["webhook"].media_type}, body=body)
        event = http.from_http_event(message)
        assert event.get_id() == out.key
        assert event.get_type() == f"forensics.incident.{out.action}"
        assert event.get_data()["incident_id"] == out.incident.incident_id


def test_rows_of_asim() -> None:
    for body in bodies("sentinel"):
        for row in json.loads(body):
            assert row.keys() >= ASIM_MANDATORY
            assert {name: row[name] for name, allowed in ASIM_VALUES.items() if name in row and row[name] not in allowed} == {}
            assert 0 <= row["ThreatRiskLevel"] <= 100
            assert 0 <= row["ThreatConfidence"] <= 100
            assert row["EventStartTime"] <= row["EventEndTime"]


def test_lines_of_timesketch() -> None:
    """What its importer asks of JSON lines, and that every moment of an incident is one."""
    for out, body in zip(EVERY, bodies("timesketch"), strict=True):
        rows = [json.loads(line) for line in body.splitlines()]
        assert len(rows) == 3 + 2 * len(out.incident.findings)
        for row in rows:
            assert {"message", "datetime", "timestamp_desc"} <= row.keys()
            assert datetime.fromisoformat(row["datetime"]).tzinfo is not None
            assert row["message"].isprintable()
