"""The command line, run in this process: arguments in; exit code, standard output and standard error out."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from forensics.cli import main

GOLD = {"call_type": "acompletion", "model": "orchid-chat", "status": "success"}


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Ran]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)

    def forensics(*arguments: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["forensics", *map(str, arguments)])
        capsys.readouterr()
        try:
            main()
            code: Any = 0
        except SystemExit as stop:
            code = stop.code
        return Ran(int(code or 0), *capsys.readouterr())

    return forensics


def call(number: int, client: str, text: str, **parameters: Any) -> dict[str, Any]:
    return GOLD | {
        "id": f"{client}-{number}",
        "startTime": 1767225600.25 + 60 * number,
        "metadata": {"user_api_key_user_id": client},
        "messages": text,
        "call_type": "atext_completion",
        "model_parameters": parameters,
        "completion_tokens": parameters.get("max_tokens", 20),
        "response": {"choices": [{"finish_reason": "stop", "text": "ok"}]},
    }


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """One client who has a text scored, and copies of it in which a word is another; three who ask."""
    passage = [f"word{n}" for n in range(24)]
    neighbours = [" ".join([*passage[: 7 * n % 24], f"other{n}", *passage[7 * n % 24 + 1 :]]) for n in range(60)]
    rows = [call(n, "mallory", text, echo=True, logprobs=1, max_tokens=0) for n, text in enumerate(neighbours)]
    rows += [call(n, name, f"{name} asks {n // 2}", max_tokens=20) for name in ("ann", "bob", "cleo") for n in range(40)]
    path = tmp_path / "calls.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path
