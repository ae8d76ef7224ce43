"""Requests that hold many revisions: the Elasticsearch and OpenSearch clients' bulk helpers and plain POSTs against strict stubs."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterable
from dataclasses import replace

import pytest
from outgoing import DELIMITERS, OUTGOING, PLAIN, hostile, incident, outgoing
from stubs import Bulk, Collector, served
from support import HOSTILE

from forensics.export.interface import ExportFormat, Message, Outgoing
from forensics.export.plugins import formats

FORMATS: dict[str, ExportFormat] = {f.name: f for f in formats()}
WORST = [outgoing(replace(hostile(text), incident_id=f"INC-w{n}")) for n, text in enumerate((*DELIMITERS, *HOSTILE))]
EVERY = (*OUTGOING, *WORST)


def messages(name: str, outs: Iterable[Outgoing] = EVERY) -> list[Message]:
    return list(FORMATS[name].render(tuple(outs)))


def post(url: str, body: bytes, **headers: str) -> tuple[int, bytes]:
    request = urllib.request.Request(url, body, {name.replace("_", "-"): value for name, value in headers.items()})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read()


def actions(name: str) -> list[dict[str, object]]:
    """What the helpers of the clients are given: the action line and the document of ours."""
    lines = [line for message in messages(name) for line in message.body.splitlines()]
    pairs = zip(lines[::2], lines[1::2], strict=True)
    return [{"_op_type": "create", "_id": json.loads(a)["create"]["_id"], "_source": json.loads(d)} for a, d in pairs]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("library", ["elasticsearch", "opensearchpy"])
def test_bulk_helpers_of_the_clients(library: str) -> None:
    """The documents pass the clients' own serialisers and bulk helpers; what was there already is a conflict and no error of ours."""
    client_module = pytest.importorskip(library, reason=f"{library} is not installed")
    helpers = pytest.importorskip(f"{library}.helpers", reason=f"{library} is not installed")
    stub = Bulk()
    with served(stub) as url:
        client = client_module.Elasticsearch(url) if library == "elasticsearch" else client_module.OpenSearch(url)
        try:
            assert helpers.bulk(client, actions("elastic-bulk"), index="logs-forensics-default") == (len(EVERY), [])
            again, conflicts = helpers.bulk(client, actions("elastic-bulk"), index="logs-forensics-default", raise_on_error=False)
        finally:
            client.close()
    assert (again, {c["create"]["status"] for c in conflicts}) == (0, {409})
    assert list(stub.documents) == [out.key for out in EVERY]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_raw_request_through_the_client() -> None:
    elasticsearch = pytest.importorskip("elasticsearch", reason="elasticsearch is not installed")
    stub = Bulk()
    with served(stub) as url, elasticsearch.Elasticsearch(url) as client:
        for message in messages("elastic-bulk"):
            answer = client.bulk(index="logs-forensics-default", operations=message.body.splitlines())
            receipt = FORMATS["elastic-bulk"].receipt(message, answer.meta.status, json.dumps(answer.body).encode())
            assert (receipt.delivered, receipt.retry, receipt.refused) == (message.keys, None, None)
    assert len(stub.documents) == len(EVERY)


def test_bulk_answers_are_read_item_by_item() -> None:
    stub = Bulk()
    stub.busy = {EVERY[1].key}
    (message,) = messages("elastic-bulk", EVERY[:4])
    fmt = FORMATS["elastic-bulk"]
    spoilt = message.body.replace(b'"kind":"alert"', b'"kind":"alarm"', 1)
    with served(stub) as url:
        target = f"{url}/logs-forensics-default/_bulk"
        first = fmt.receipt(message, *post(target, spoilt, Content_Type=fmt.media_type))
        stub.busy = set()
        second = fmt.receipt(message, *post(target, message.body, Content_Type=fmt.media_type))
    assert first.delivered == (EVERY[2].key, EVERY[3].key)
    assert list(first.retry or {}) == [EVERY[1].key]
    assert list(first.refused or {}) == [EVERY[0].key]
    assert second.delivered == message.keys


def test_collector_accepts_every_event() -> None:
    stub = Collector("t0ken")
    fmt = FORMATS["splunk-hec"]
    with served(stub) as url:
        for message in messages("splunk-hec"):
            answer = post(f"{url}/services/collector/event", message.body, Authorization="Splunk t0ken")
            assert fmt.receipt(message, *answer).delivered == message.keys
    assert [e["event"]["key"] for e in stub.events] == [out.key for out in EVERY]
    assert {e["sourcetype"] for e in stub.events} == {"forensics:incident"}


def test_collector_that_refuses_one_event() -> None:
    (message,) = messages("splunk-hec", EVERY[:3])
    spoilt = message.body.replace(b'"severity":"high"', b'"severity":"grave"', 1)
    fmt = FORMATS["splunk-hec"]
    with served(Collector("t0ken")) as url:
        receipt = fmt.receipt(message, *post(f"{url}/services/collector/event", spoilt, Authorization="Splunk t0ken"))
        no_token = fmt.receipt(message, *post(f"{url}/services/collector/event", message.body))
    assert list(receipt.refused or {}) == [EVERY[0].key]
    assert list(receipt.retry or {}) == [EVERY[1].key, EVERY[2].key]
    assert list(no_token.retry or {}) == list(message.keys)


@pytest.mark.parametrize("name", ["splunk-hec", "sentinel", "udm", "elastic-bulk"])
def test_requests_stay_below_their_limit(name: str) -> None:
    """Many large incidents: several requests, none too large, each revision in one."""
    wide = incident(
        tuple(replace(PLAIN[0], finding_id=f"F-{n}", evidence=PLAIN[0].evidence * 20) for n in range(40)),
        clients=tuple(f"user:{n}-{'x' * 900}" for n in range(300)),
    )
    outs = [outgoing(replace(wide, incident_id=f"INC-{n}")) for n in range(30)]
    made = messages(name, outs)
    assert len(made) > 1
    assert all(len(message.body) <= (5_000_000 if name == "elastic-bulk" else 1_000_000) for message in made)
    assert [key for message in made for key in message.keys] == [out.key for out in outs]
    if name in ("sentinel", "udm"):
        for message in made:
            json.loads(message.body)
