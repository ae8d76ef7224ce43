"""Exports against the software that reads them: validators, parsers and clients of others, as they are installed.

What is not there is skipped with the reason; `.ci/run` installs all of it.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from outgoing import DELIMITERS, OUTGOING, hostile, outgoing
from support import HOSTILE, ROOT

from forensics.export.formats import cef
from forensics.export.interface import ExportFormat
from forensics.export.plugins import formats
from forensics.model.text import printable

FORMATS: dict[str, ExportFormat] = {f.name: f for f in formats()}
MULTITOOL = ROOT / "build/npm/node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool"
TEXTS = (*DELIMITERS, *HOSTILE)
EVERY = (*OUTGOING, *(outgoing(hostile(text)) for text in TEXTS))
# Warnings of stix2-validator about advice that is not followed, and why.
ADVICE = {
    "{103}": "ids are no UUIDv4: they must be the same on every run",
    "{244}": "account_type is the kind of a client of a model API, for which the vocabulary has no word",
    "{302}": "a reference to ATLAS has no hash of the page",
}


def bodies(name: str, outs: Any = EVERY) -> list[bytes]:
    return [message.body for message in FORMATS[name].render(outs)]


def test_stix_validator(tmp_path: Path) -> None:
    validator = pytest.importorskip("stix2validator", reason="stix2-validator is not installed")
    for outs in (OUTGOING, (), *((out,) for out in EVERY)):
        (body,) = bodies("stix", outs)
        found = validator.validate_string(body.decode(), validator.ValidationOptions(version="2.1"))
        results = found.object_results if hasattr(found, "object_results") else [found]
        assert found.is_valid, [str(e) for r in results for e in (r.errors or [])]
        warnings = [str(w) for r in results for w in (r.warnings or [])]
        assert [w for w in warnings if not any(code in w for code in ADVICE)] == []


def test_stix_ids_of_accounts_and_addresses_are_those_of_the_specification() -> None:
    """As the reference library derives them, so that other producers speak of the same object."""
    stix2 = pytest.importorskip("stix2", reason="stix2 is not installed")
    makers = {"user-account": stix2.UserAccount, "ipv4-addr": stix2.IPv4Address, "ipv6-addr": stix2.IPv6Address}
    found = [o for body in bodies("stix") for o in json.loads(body)["objects"] if o["type"] in makers]
    assert {o["type"] for o in found} == set(makers)
    for o in found:
        values = {k: v for k, v in o.items() if k not in ("id", "type", "spec_version")}
        assert makers[o["type"]](**values).id == o["id"]


def test_sarif_multitool(tmp_path: Path) -> None:
    tool = Path(os.environ.get("SARIF_MULTITOOL", MULTITOOL))
    if not tool.exists():
        pytest.skip("the SARIF multitool is not installed: npm install --prefix build/npm @microsoft/sarif-multitool-linux")
    (good,) = bodies("sarif")
    broken = json.loads(good)
    broken["runs"][0]["surprise"] = True
    (tmp_path / "good.sarif").write_bytes(good)
    (tmp_path / "broken.sarif").write_text(json.dumps(broken))

    def problems(name: str) -> list[str]:
        out = tmp_path / f"{name}.validated.sarif"
        command = [str(tool), "validate", str(tmp_path / f"{name}.sarif"), "-o", str(out), "--level", "Error;Warning", "--kind", "Fail"]
        environment = os.environ | {"DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert out.exists(), done.stdout + done.stderr
        (run,) = json.loads(out.read_text(encoding="utf-8-sig"))["runs"]
        return [f"{r['ruleId']} {r['message']}" for r in run.get("results", [])]

    assert problems("good") == []
    assert problems("broken") != []


def lognormalizer(lines: list[str], tmp_path: Path) -> list[dict[str, Any]]:
    tool = shutil.which("lognormalizer") or shutil.which("lognormalizer", path="/usr/lib/lognorm")
    if tool is None:
        pytest.skip("lognormalizer is not installed: apt-get install liblognorm-utils")
    (tmp_path / "cef.rules").write_text("version=2\nrule=:%f:cef%\n")
    done = subprocess.run(
        [tool, "-r", str(tmp_path / "cef.rules"), "-e", "json"],
        input="".join(f"{line}\n" for line in lines),
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_cef_parser_of_liblognorm(tmp_path: Path) -> None:
    """Every message is CEF to a strict parser, and the values come out as they went in."""
    lines = [body.decode() for body in bodies("cef")]
    parsed = lognormalizer([line[line.index("CEF:0|") :] for line in lines], tmp_path)
    assert len(parsed) == len(EVERY)
    for out, found in zip(EVERY, parsed, strict=True):
        assert "f" in found, found
        name = found["f"]["Name"]
        title = printable(out.incident.findings[0].title)
        assert name == title or (name.endswith("…") and title.startswith(name[:-1]))
        extensions = found["f"]["Extensions"]
        assert extensions["externalId"] == out.incident.incident_id
        assert extensions["act"] == out.action
        summary = printable(out.incident.summary)
        assert extensions["msg"] == summary or summary.startswith(extensions["msg"].removesuffix("…"))
        assert {"cs6Label", "suser", "cfp1"} <= extensions.keys()


def test_syslog_ng_reads_every_field(tmp_path: Path) -> None:
    """Its parser of RFC 5424 is strict: a message that it does not take is an error, and of a list nothing may be lost."""
    daemon = shutil.which("syslog-ng", path=f"{os.environ['PATH']}:/usr/sbin")
    if daemon is None:
        pytest.skip("syslog-ng is not installed: apt-get install syslog-ng-core")
    (tmp_path / "syslog-ng.conf").write_text(
        f"""@version: 3.38
options {{ keep-hostname(yes); log-msg-size(65536); }};
source in {{ stdin(flags(syslog-protocol)); }};
destination out {{ file("{tmp_path}/out.json" template("$(format-json --scope rfc5424 --key .SDATA.*)\\n")); }};
log {{ source(in); destination(out); }};
"""
    )
    command = [daemon, "-F", "-f", "syslog-ng.conf", "-R", "persist", "-p", "pid", "-c", "control", "--no-caps", "-e"]
    lines = [body for name in ("syslog", "cef", "leef") for body in bodies(name)]
    done = subprocess.run(command, cwd=tmp_path, input=b"\n".join(lines) + b"\n", capture_output=True, timeout=60, check=False)
    rows = [json.loads(line) for line in (tmp_path / "out.json").read_text().splitlines()]
    assert len(rows) == len(lines), done.stderr.decode()
    assert {row["PROGRAM"] for row in rows} == {"forensics"}
    for out, row in zip(EVERY, rows, strict=False):
        data = row["_SDATA"]["incident@32473"]
        assert (data["id"], data["key"]) == (out.incident.incident_id, out.key)
        for technique in out.incident.techniques:
            assert technique in data["techniques"]
        wanted = printable("; ".join(out.incident.clients))
        assert data["clients"] == wanted or wanted.startswith(data["clients"].removesuffix("…"))
    assert [row["MESSAGE"][:7] for row in rows[len(EVERY) :]] == ["CEF:0|f"] * len(EVERY) + ["LEEF:2."] * len(EVERY)


def test_the_parser_of_liblognorm_is_strict(tmp_path: Path) -> None:
    lines = ["CEF:0|a|b|1|id|na|me|5|msg=x", "CEF:0|a|b|1|id|n|5|rt=1 msg=a=b"]
    assert ["f" in found for found in lognormalizer(lines, tmp_path)] == [False, False]


def test_cef_escapes_what_the_specification_says_and_nothing_else() -> None:
    assert cef.escape_header("a|b\\c=d\ne") == "a\\|b\\\\c=d\\\\x0ae"
    assert cef.escape_value("a|b\\c=d\ne") == "a|b\\\\c\\=d\\\\x0ae"


def test_udm_is_what_the_protocol_buffers_of_google_secops_say() -> None:
    """Parsed without tolerance for unknown names and enumerations, and equal after a round trip."""
    json_format = pytest.importorskip("google.protobuf.json_format", reason="google-backstory is not installed")
    backstory = pytest.importorskip("google.backstory", reason="google-backstory is not installed")
    for body in bodies("udm"):
        for event in json.loads(body)["inlineSource"]["events"]:
            message = backstory.UDM.pb(backstory.UDM())
            json_format.ParseDict(event["udm"], message, ignore_unknown_fields=False)
            again = json_format.MessageToDict(message)
            assert again["metadata"]["productLogId"] == event["udm"]["metadata"]["productLogId"]
            assert len(again["securityResult"]) == len(event["udm"]["securityResult"])


@pytest.mark.parametrize("text", TEXTS, ids=lambda t: repr(t)[:30])
def test_markdown_is_text_to_a_parser(text: str) -> None:
    """Nothing of a value becomes a link, an image, code, HTML or a table of its own."""
    markdown_it = pytest.importorskip("markdown_it", reason="markdown-it-py is not installed")
    parser = markdown_it.MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    (plain,) = bodies("markdown", (outgoing(hostile("harmless")),))
    (body,) = bodies("markdown", (outgoing(hostile(text)),))

    def shape(source: bytes) -> list[tuple[str, str]]:
        flat = [t for token in parser.parse(source.decode()) for t in [token, *(token.children or [])]]
        return [(t.type, t.tag) for t in flat if t.type not in ("text", "text_special", "inline")]

    assert shape(body) == shape(plain)
    heading = parser.parse(body.decode())[1]
    shown = "".join(child.content for child in heading.children or [])
    assert shown.startswith(printable(text).strip(" ")[:50])
