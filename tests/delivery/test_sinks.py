"""Every kind of sink against what stands at its other end in the world, or the strictest stand-in that can be had."""

import json
import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from delivery_support import Authority
from lines_format import LINES, WHOLE
from made_incidents import outgoing
from receiver import Receiver, receiving

from forensics.export.interface import Message, Target
from forensics.export.plugins import sink_kind
from forensics.model.errors import UsageError

BROKEN = (OSError,)  # in any of its kinds: the contract of sinks
UNPACKED = Path(os.environ.get("FORENSICS_RECEIVERS", "/opt/forensics-receivers"))


def target(url: object, **options: object) -> Target:
    plain = Target(url=str(url), media_type="application/x-ndjson", suffix=".ndjson", whole=False, timeout=5.0)
    return replace(plain, **options)  # type: ignore[arg-type]


def send(where: Target, messages: list[Message]) -> list[int]:
    with sink_kind(where.url).open(where) as sink:
        return [sink.send(m).status for m in messages]


def messages(count: int) -> list[Message]:
    """RFC 5424, with what a hostile client may have put into it: line feeds, and a body that looks like a frame."""
    text = "<132>1 2026-03-02T00:00:00Z host forensics - INC{n} - found {n} \n9 <1>1 - - -"
    return [Message(text.format(n=n).encode(), (f"k{n}",)) for n in range(count)]


def lines(count: int) -> list[Message]:
    return list(LINES.render(outgoing(count)))


# --- files


def test_a_file_grows_by_whole_lines_and_a_torn_one_is_cut_off(tmp_path: Path) -> None:
    place = tmp_path / "incidents.ndjson"
    send(target(place), lines(2))
    with place.open("ab") as file:
        file.write(b'{"torn')
    send(target(f"file://{place}"), lines(3))
    keys = [json.loads(text)["key"] for text in place.read_text().splitlines()]
    assert keys == ["INC-000000000000-r1", "INC-000000000001-r1"] + [f"INC-{n:012x}-r1" for n in range(3)]
    assert place.stat().st_mode & 0o777 == 0o600


def test_a_torn_line_longer_than_a_block_leaves_an_empty_file(tmp_path: Path) -> None:
    place = tmp_path / "incidents.ndjson"
    place.write_bytes(b"x" * 200_000)
    send(target(place), lines(1))
    assert len(place.read_text().splitlines()) == 1


def test_a_file_written_anew_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    place = tmp_path / "incidents.ndjson"
    place.write_text("before\n")
    where = target(place, replace=True)

    def stopped() -> None:
        with sink_kind(where.url).open(where) as sink:
            sink.send(lines(1)[0])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        stopped()
    assert place.read_text() == "before\n"
    send(where, lines(2))
    assert len(place.read_text().splitlines()) == 2
    assert [p.name for p in tmp_path.iterdir()] == ["incidents.ndjson"]


def test_a_directory_gets_a_file_for_each_message_and_the_same_again(tmp_path: Path) -> None:
    where = target(f"{tmp_path}/spool/")
    send(where, lines(2))
    send(where, lines(2))
    assert sorted(p.name for p in (tmp_path / "spool").iterdir()) == ["INC-000000000000-r1.ndjson", "INC-000000000001-r1.ndjson"]


def test_documents_do_not_go_into_a_file_that_grows(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="document of its own") as refused:
        send(target(tmp_path / "all.json", whole=True), list(WHOLE.render(outgoing(1))))
    assert "slash" in str(refused.value.hint)


def test_standard_output(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    send(target("-"), lines(2))
    assert len(capfdbinary.readouterr().out.splitlines()) == 2


# --- syslog


def syslog_ng(place: Path, port: int, authority: Authority) -> list[str]:
    config = place / "syslog-ng.conf"
    config.write_text(f"""@version: 3.38
options {{ stats-freq(0); }};
source s {{ syslog(ip(127.0.0.1) port({port}) transport(tls) tls(
  key-file("{authority.key}") cert-file("{authority.cert}") ca-file("{authority.ca_file}") peer-verify(required-trusted))); }};
destination d {{ file("{place}/out" template("$(format-json --scope rfc5424)\\n")); }};
log {{ source(s); destination(d); }};
""")
    return [
        shutil.which("syslog-ng") or "", "-F", "-f", str(config), "-p", str(place / "pid"), "-c", str(place / "ctl"),
        "-R", str(place / "persist"), "--no-caps",
    ]  # fmt: skip


def rsyslog(place: Path, port: int, authority: Authority) -> list[str]:
    modules = next(UNPACKED.glob("usr/lib/*/rsyslog"), None)
    config = place / "rsyslog.conf"
    config.write_text(f"""global(workDirectory="{place}" defaultNetstreamDriver="gtls" maxMessageSize="64k"
  parser.escapeControlCharactersOnReceive="off"
  defaultNetstreamDriverCAFile="{authority.ca_file}" defaultNetstreamDriverCertFile="{authority.cert}"
  defaultNetstreamDriverKeyFile="{authority.key}")
module(load="imtcp" streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="x509/certvalid")
input(type="imtcp" address="127.0.0.1" port="{port}")
template(name="json" type="list" option.jsonf="on") {{ property(outname="MSGID" name="msgid" format="jsonf")
  property(outname="MESSAGE" name="msg" format="jsonf") }}
action(type="omfile" file="{place}/out" template="json")
""")
    program = UNPACKED / "usr/sbin/rsyslogd"
    return [str(program), "-n", "-f", str(config), "-i", str(place / "pid"), "-M", str(modules)]


@contextmanager
def daemon(kind: str, place: Path, authority: Authority) -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = {"syslog-ng": syslog_ng, "rsyslog": rsyslog}[kind](place, port, authority)
    if not command[0] or not Path(command[0]).exists():
        pytest.skip(f"{kind} is not here; as root .ci/run brings it")
    with (place / "log").open("wb") as log:
        running = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        until = time.monotonic() + 20
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert running.poll() is None, (place / "log").read_text()
                time.sleep(0.05)
        yield port
    finally:
        running.terminate()
        running.wait(20)


def arrived(place: Path, count: int) -> list[dict[str, str]]:
    until = time.monotonic() + 20
    found: list[dict[str, str]] = []
    while len(found) < count and time.monotonic() < until:
        time.sleep(0.05)
        if (place / "out").exists():
            found = [json.loads(text) for text in (place / "out").read_text().splitlines()]
    return found


@pytest.mark.parametrize("kind", ["syslog-ng", "rsyslog"])
def test_real_syslog_receivers_get_every_message_over_tls(kind: str, tmp_path: Path, authority: Authority) -> None:
    with daemon(kind, tmp_path, authority) as port:
        where = target(
            f"tls://localhost:{port}",
            ca_file=str(authority.ca_file),
            client_cert_file=str(authority.client_cert),
            client_key_file=str(authority.client_key),
        )
        assert send(where, messages(50)) == [200] * 50
        found = arrived(tmp_path, 50)
        # Whom it does not know, a receiver does not take from; and we do not send to whom we do not know.
        for _ in range(3):
            with pytest.raises(BROKEN):
                send(replace(where, client_cert_file=None, client_key_file=None), messages(1))
        with pytest.raises(ssl.SSLCertVerificationError):
            send(replace(where, ca_file=None), messages(1))
    assert [row["MSGID"] for row in found] == [f"INC{n}" for n in range(50)]
    assert [row["MESSAGE"].split("\n")[0].strip() for row in found] == [f"found {n}" for n in range(50)]
    assert all("9 <1>1 - - -" in row["MESSAGE"] for row in found)


def test_a_stream_that_is_reset_has_delivered_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def take_and_die() -> None:
            connection, _ = server.accept()
            connection.recv(10)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            connection.close()

        thread = threading.Thread(target=take_and_die)
        thread.start()
        with pytest.raises(BROKEN):
            send(target(f"tcp://127.0.0.1:{server.getsockname()[1]}"), messages(3))
        thread.join()


@pytest.mark.parametrize("framing", ["octet-counting", "line-feed"])
def test_streams_are_framed(framing: str) -> None:
    got = bytearray()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def take() -> None:
            connection, _ = server.accept()
            with connection:
                while block := connection.recv(1000):
                    got.extend(block)

        thread = threading.Thread(target=take)
        thread.start()
        send(target(f"tcp://127.0.0.1:{server.getsockname()[1]}", framing=framing), [Message(b"one\n", ("a",)), Message(b"two", ("b",))])
        thread.join()
    assert bytes(got) == (b"3 one3 two" if framing == "octet-counting" else b"one\ntwo\n")


def test_a_receiver_that_never_reads_runs_into_the_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(TimeoutError):
        send(target(f"tcp://127.0.0.1:{server.getsockname()[1]}", timeout=0.3), [Message(b"x" * 10_000_000, ("a",))])


def test_datagrams() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(5)
        where = target(f"udp://127.0.0.1:{server.getsockname()[1]}")
        assert send(where, [Message(b"one\n", ("a",)), Message(b"x" * 70_000, ("b",)), Message(b"two", ("c",))]) == [200, 413, 200]
        assert [server.recv(100), server.recv(100)] == [b"one", b"two"]


# --- HTTP


def test_https_with_a_token_and_a_client_certificate(authority: Authority) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(authority.ca_file))
    context.load_cert_chain(authority.cert, authority.key)
    context.verify_mode = ssl.CERT_REQUIRED
    with receiving(Receiver(token="Splunk s3cr3t"), context) as receiver:
        where = target(
            receiver.url,
            token="s3cr3t",
            auth_scheme="Splunk",
            headers=(("X-Splunk-Request-Channel", "1"),),
            ca_file=str(authority.ca_file),
            client_cert_file=str(authority.client_cert),
            client_key_file=str(authority.client_key),
        )
        assert send(where, lines(3)) == [200] * 3
        assert [h["idempotency-key"] for h in receiver.headers] == [f"INC-{n:012x}-r1" for n in range(3)]
        assert receiver.headers[0]["x-splunk-request-channel"] == "1"
        assert receiver.headers[0]["content-type"] == "application/x-ndjson"
        assert send(replace(where, token="other"), lines(1)) == [401]
        for stranger in (replace(where, ca_file=None), replace(where, client_cert_file=None)):
            with pytest.raises(BROKEN):
                send(stranger, lines(1))
    assert (len(receiver.had), receiver.wrong) == (3, [])
    assert "s3cr3t" not in repr(where)


def test_through_a_proxy_and_not_around_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")  # is not asked
    with receiving(Receiver()) as proxy:
        assert send(target("http://siem.invalid/events", proxy=proxy.url.removesuffix("/events")), lines(1)) == [200]
        assert send(target(proxy.url), lines(1)) == [200]
    assert proxy.headers[0]["host"] == "siem.invalid"


def test_redirects_are_not_followed() -> None:
    with receiving(Receiver(mood=lambda n: "redirect")) as receiver:
        assert send(target(receiver.url, token="t"), lines(1)) == [302]


@pytest.mark.parametrize("mood", ["die", "stall", "drip"])
def test_a_broken_answer_is_an_os_error_without_the_address(mood: str) -> None:
    with receiving(Receiver(mood=lambda n: mood, stall_seconds=1.5)) as receiver, pytest.raises(BROKEN) as broken:
        send(target(f"{receiver.url}?sig=s3cr3t", timeout=0.5), lines(1))
    assert "s3cr3t" not in str(broken.value)


# --- S3


def test_objects_named_by_their_keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import boto3
    from moto.server import ThreadedMotoServer

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cr3t")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        endpoint = f"http://{host}:{port}"
        client = boto3.client("s3", endpoint_url=endpoint)
        client.create_bucket(Bucket="siem", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        where = target("s3://siem/forensics/", endpoint=endpoint)
        assert send(where, lines(2)) == [200, 200]
        assert send(where, lines(2)) == [200, 200]
        found = client.list_objects_v2(Bucket="siem")["Contents"]
        assert [o["Key"] for o in found] == [f"forensics/INC-{n:012x}-r1.ndjson" for n in range(2)]
        assert send(target("s3://elsewhere/", endpoint=endpoint), lines(1)) == [404]
    finally:
        server.stop()
    with pytest.raises(BROKEN):
        send(where, lines(1))


# --- what all have in common


@pytest.mark.parametrize("url", ["tcp://", "tls://:6514", "udp://host:99999"])
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(UsageError, match="expected a host and a port"):
        send(target(url), lines(1))


def test_files_that_are_no_certificates(tmp_path: Path, authority: Authority) -> None:
    (tmp_path / "none.pem").write_text("nothing")
    for options in ({"ca_file": str(tmp_path / "none.pem")}, {"client_cert_file": str(tmp_path / "gone.pem")}):
        with pytest.raises(UsageError, match="cannot be used for TLS"):
            send(target("https://localhost:1/", **options), lines(1))


@pytest.mark.parametrize("url", ["/tmp/nowhere/at/all/x", "tcp://127.0.0.1:1", "tls://127.0.0.1:1", "http://127.0.0.1:1/x"])
def test_nobody_there_is_an_os_error(url: str) -> None:
    with pytest.raises(BROKEN):
        send(target(url), lines(1))
