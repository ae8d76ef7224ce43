"""Setting up and looking after: what `init` writes passes the linters of those who read it, `config` and `doctor` say what is wrong."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml
from receiver import Receiver, receiving
from support import lines as calls

from forensics.cli import main
from forensics.config import Config, load_config
from forensics.config.sinks import SinkConfig
from forensics.model.errors import UsageError
from forensics.operate.doctor import examine, exit_code


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Any:
    monkeypatch.chdir(tmp_path)

    def forensics(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["forensics", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main()
        return (int(stop.value.code or 0), *capsys.readouterr())

    return forensics


# --- init


@pytest.fixture
def written(run: Any, tmp_path: Path) -> Path:
    code, out, _ = run("init", tmp_path / "in stall", "--source", "/var/log/100% sure", "--store", tmp_path / "data" / "store")
    assert (code, len(out.splitlines())) == (0, 6)
    return tmp_path / "in stall"


def test_init_writes_a_configuration_that_is_right(written: Path, run: Any) -> None:
    assert load_config(written / "forensics.toml").nightly.sources == ("/var/log/100% sure",)
    (written / "forensics.toml").write_text("# mine\n")
    code, out, err = run("init", written)
    assert (code, out, err.count("was left alone")) == (0, "", 6)
    assert (written / "forensics.toml").read_text() == "# mine\n"


def test_systemd_takes_the_units(written: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not here")
    units = [str(written / f"forensics-nightly.{kind}") for kind in ("service", "timer")]
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True, check=False)
    assert (done.returncode, [text for text in done.stderr.splitlines() if "forensics" in text]) == (0, [])


def test_the_cron_line_is_one(written: Path) -> None:
    (line,) = [text for text in (written / "forensics.cron").read_text().splitlines() if not text.startswith("#")]
    assert re.fullmatch(r"15 2 \* \* \* FORENSICS_KEY_FILE=\S+ \S+ nightly --store \S+ --config '[^']+'", line)


def test_kubernetes_takes_the_job(written: Path) -> None:
    job = yaml.safe_load((written / "forensics-cronjob.yaml").read_text())
    kubernetes_validate.validate(job, "1.33", strict=True)


def test_hadolint_takes_the_container_file(written: Path) -> None:
    program = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([program, written / "Containerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


# --- configuration


def test_the_environment_overrides_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "forensics.toml"
    path.write_text('[nightly]\nlook_back_days = 1\n[sinks.siem]\nformat = "ocsf"\nurl = "https://a.example/"\n')
    monkeypatch.setenv("FORENSICS__NIGHTLY__LOOK_BACK_DAYS", "3")
    monkeypatch.setenv("FORENSICS__NIGHTLY__SOURCES", '["/a", "/b"]')
    monkeypatch.setenv("FORENSICS__SINKS__SIEM__URL", "https://b.example/")
    config = load_config(path)
    assert (config.nightly.look_back_days, config.nightly.sources, config.sinks["siem"].url) == (3, ("/a", "/b"), "https://b.example/")
    assert config.sha256 == Config().sha256  # where results go changes no result
    monkeypatch.setenv("FORENSICS__NIGHTLY__LOOK_BACK", "3")
    with pytest.raises(UsageError, match=r"nightly\.look_back"):
        load_config(path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('token = "s3cr3t"', "token_env"),
        ('Api_Key = "s3cr3t"', "token_env"),
        ('url = "https://user:s3cr3t@siem.example/"', "holds a user or password"),
        ('proxy = "http://user:s3cr3t@proxy.example/"', "holds a user or password"),
        ('headers = { Authorization = "Bearer s3cr3t" }', "looks like a secret"),
        ('url = "http://siem.example/"\ntoken_env = "T"', "clear text"),
        ('url = "gopher://siem.example/"', "no sink is called gopher://"),
        ('url = "https://a.example/"\nurl_env = "U"', "give one of url, url_env, url_file"),
        ("format = 'x'", "give a url"),
        ('url = "-"\nmin_severity = "dire"', "sinks.siem.min_severity"),
        ('url = "-"\nredaction = "all"', "sinks.siem.redaction"),
    ],
)
def test_what_does_not_belong_is_refused_without_being_repeated(text: str, says: str, tmp_path: Path, run: Any) -> None:
    (tmp_path / "forensics.toml").write_text("[sinks.siem]\n" + ('format = "x"\n' if not text.startswith("format") else "") + text + "\n")
    code, out, err = run("config", "check")
    assert code == 2
    assert says in err
    assert "s3cr3t" not in out + err


def test_secrets_by_reference(tmp_path: Path, run: Any, monkeypatch: pytest.MonkeyPatch, lines: None) -> None:
    (tmp_path / "forensics.toml").write_text('[sinks.siem]\nformat = "lines"\nurl_env = "HOOK"\ntoken_file = "token"\n')
    assert run("config", "check")[0] == 2
    monkeypatch.setenv("HOOK", "https://chat.example/services/s3cr3t")
    code, _, err = run("config", "check")
    assert (code, "token: sinks.siem: the token: cannot be read" in err) == (2, True)
    (tmp_path / "token").write_text("t0ken\n")
    code, out, err = run("config", "check")
    assert (code, out) == (0, "sink siem: lines to https://chat.example, from low on, identified\n")
    (tmp_path / "token").write_text("t0\nken\n")
    assert "one line" in run("config", "check")[2]


def test_the_schema_is_one_and_fits(run: Any) -> None:
    schema = json.loads(run("config", "schema")[1])
    jsonschema.Draft202012Validator.check_schema(schema)
    good = tomllib.loads('[sinks.siem]\nformat = "ocsf"\nurl = "-"\n[nightly]\nlook_back_days = 2\n')
    jsonschema.validate(good, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"sinks": {"siem": {"format": "ocsf", "url": "-", "token": "x"}}}, schema)


# --- doctor


def test_doctor(tmp_path: Path, run: Any, lines: None, root: Path) -> None:
    assert run("doctor")[0] == 5  # no store
    (tmp_path / "calls.jsonl").write_bytes(calls(3))
    assert run("ingest", tmp_path / "calls.jsonl")[0] == 0
    code, out, _ = run("doctor")
    assert (code, "hours old" in out) == (3, True)  # calls of January
    with receiving(Receiver()) as receiver:
        sinks = {
            "up": SinkConfig(format="lines", url=receiver.url),
            "file": SinkConfig(format="lines", url=str(tmp_path / "out.ndjson")),
            "down": SinkConfig(format="lines", url="tls://127.0.0.1:1"),
            "odd": SinkConfig(format="no_such", url="-"),
        }
        config = Config.model_validate({"sinks": sinks, "nightly": {"max_age_hours": 1e6, "sources": [str(tmp_path / "calls.jsonl")]}})
        checks = list(examine(config, tmp_path / "forensics-store", root / "rules"))
    states = {c.name: c.state for c in checks}
    assert states == {
        "rules": "ok", "key": "ok", "store": "ok", "freshness": "ok", "sources": "ok",
        "sink up": "ok", "sink file": "ok", "sink down": "failed", "sink odd": "failed",
    }  # fmt: skip
    assert (exit_code(checks), receiver.requests) == (2, 0)
    next((tmp_path / "forensics-store").glob("parts/events/**/*.parquet")).unlink()
    checks = list(examine(config, tmp_path / "forensics-store", root / "rules"))
    assert "parts are missing" in next(c.said for c in checks if c.name == "store")
    assert exit_code(checks) == 5
