"""OCSF events against the compiled schema of release 1.8.0: required attributes, types, enumerations, constraints, no unknown key."""

import gzip
import json
import re
from typing import Any

import pytest
from outgoing import OUTGOING, hostile, outgoing
from support import HOSTILE, ROOT

from forensics.export.interface import Outgoing
from forensics.export.plugins import formats

SCHEMA = ROOT.parent / "shared" / "reference-data" / "ocsf-1.8.0.json.gz"
(OCSF,) = (f for f in formats() if f.name == "ocsf")
CLASSES = {2004: "detection_finding", 2005: "incident_finding"}
NUMBERS = {"integer_t": int, "long_t": int, "timestamp_t": int, "port_t": int, "float_t": (int, float), "boolean_t": bool}


@pytest.fixture(scope="module")
def schema() -> Any:
    if not SCHEMA.exists():
        pytest.skip("the OCSF 1.8.0 schema does not lie beside the checkout")
    return json.loads(gzip.open(SCHEMA).read())


class Check:
    """Everything that is wrong with an event, by the path of it."""

    def __init__(self, schema: Any) -> None:
        self.schema = schema
        self.wrong: list[str] = []

    def event(self, event: dict[str, Any]) -> list[str]:
        self.profiles = set(event["metadata"]["profiles"])
        definition = self.schema["classes"][CLASSES[event["class_uid"]]]
        if not self.profiles <= set(definition["profiles"]):
            self.wrong.append(f"profiles {self.profiles} are not all of {definition['profiles']}")
        self.mapping("", event, definition)
        return self.wrong

    def mapping(self, path: str, value: dict[str, Any], definition: Any) -> None:
        attributes = definition["attributes"]
        for name in value.keys() - attributes.keys():
            self.wrong.append(f"{path}{name} is unknown")
        for name, attribute in attributes.items():
            applies = attribute["profile"] is None or attribute["profile"] in self.profiles
            if attribute["requirement"] == "required" and applies and name not in value:
                self.wrong.append(f"{path}{name} is required")
            if name in value and not applies:
                self.wrong.append(f"{path}{name} belongs to the profile {attribute['profile']}")
            if name in value and attribute.get("@deprecated"):
                self.wrong.append(f"{path}{name} is deprecated")
        for kind, names in (definition.get("constraints") or {}).items():
            present = sum(name in value for name in names)
            if (kind == "at_least_one" and not present) or (kind == "just_one" and present != 1):
                self.wrong.append(f"{path or 'event'}: {kind} of {names}")
        for name in value.keys() & attributes.keys():
            self.attribute(f"{path}{name}", value[name], attributes[name])

    def attribute(self, path: str, value: Any, attribute: Any) -> None:
        if attribute["is_array"]:
            if not isinstance(value, list):
                self.wrong.append(f"{path} is no list")
                return
            for n, each in enumerate(value):
                self.single(f"{path}[{n}]", each, attribute)
        else:
            self.single(path, value, attribute)

    def single(self, path: str, value: Any, attribute: Any) -> None:
        enum = attribute["enum"]
        if enum and str(value) not in enum:
            self.wrong.append(f"{path} = {value!r} is none of {sorted(enum)}")
        kind = attribute["type"]
        if kind in self.schema["objects"] and kind != "object":
            if isinstance(value, dict):
                self.mapping(f"{path}.", value, self.schema["objects"][kind])
            else:
                self.wrong.append(f"{path} is no {kind}")
        elif kind in NUMBERS:
            if not isinstance(value, NUMBERS[kind]) or (isinstance(value, bool) != (kind == "boolean_t")):
                self.wrong.append(f"{path} = {value!r} is no {kind}")
        elif kind not in ("object", "json_t"):
            self.text(path, value, kind)

    def text(self, path: str, value: Any, kind: str) -> None:
        definition = self.schema["types"][kind]
        if not isinstance(value, str):
            self.wrong.append(f"{path} = {value!r} is no {kind}")
        elif definition["max_len"] and len(value) > definition["max_len"]:
            self.wrong.append(f"{path} is longer than {definition['max_len']}")
        elif definition["regex"] and not re.search(definition["regex"], value):
            self.wrong.append(f"{path} = {value!r} is no {kind}")


def events(*outs: Outgoing) -> list[dict[str, Any]]:
    return [json.loads(line) for message in OCSF.render(outs) for line in message.body.splitlines()]


@pytest.mark.parametrize(
    "out", [*OUTGOING, *(outgoing(hostile(text)) for text in HOSTILE)], ids=lambda o: f"{o.key} {o.incident.title[:20]!r}"
)
def test_events_are_valid(out: Outgoing, schema: Any) -> None:
    for event in events(out):
        assert Check(schema).event(event) == []


def test_the_check_finds_what_is_wrong(schema: Any) -> None:
    event = events(OUTGOING[0])[0]
    del event["finding_info"]["uid"]
    event["severity_id"] = 9
    event["time"] = "yesterday"
    event["finding_info"]["colour"] = "red"
    event["evidences"][0].pop("actor")
    event["evidences"][0].pop("data")
    wrong = " ".join(Check(schema).event(event))
    for part in ("uid is required", "severity_id = 9", "time = 'yesterday'", "colour is unknown", "at_least_one"):
        assert part in wrong


def test_each_finding_and_then_the_incident() -> None:
    found = events(OUTGOING[1])
    assert [e["class_uid"] for e in found] == [2004, 2004, 2005]
    assert [e["type_uid"] for e in found] == [200402, 200402, 200502]
    incident = found[-1]
    assert [f["uid"] for f in incident["finding_info_list"]] == [e["finding_info"]["uid"] for e in found[:-1]]
    assert len({e["metadata"]["uid"] for e in found}) == 3
    assert {e["metadata"]["correlation_uid"] for e in found} == {"INC-4f1c0a9e"}


def test_a_closed_incident_says_so() -> None:
    incident = events(OUTGOING[2])[-1]
    assert (incident["activity_name"], incident["status"], incident["verdict"]) == ("Close", "Resolved", "False Positive")
    assert incident["unmapped"]["merged_into"] == "INC-00000001"
