"""What a user typed becomes files: sorted, each once, without other tools' bookkeeping."""

from pathlib import Path

import pytest

from forensics.io.sources import expand
from forensics.model.errors import InputError


def test_files_directories_and_globs(tmp_path: Path) -> None:
    for name in ("b/2.jsonl", "b/1.jsonl", "b/.hidden", "b/_SUCCESS", "b/_delta_log/0.json", "a.jsonl", "c.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    found = expand([str(tmp_path / "b"), str(tmp_path / "*.jsonl"), str(tmp_path / "b" / "1.jsonl"), "-"])
    assert [s.uri.removeprefix(f"{tmp_path}/") for s in found] == ["b/1.jsonl", "b/2.jsonl", "a.jsonl", "stdin:"]


def test_a_file_whose_name_looks_like_a_glob_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "odd[1].jsonl").write_text("x")
    assert [s.uri for s in expand([str(tmp_path / "odd[1].jsonl")])] == [str(tmp_path / "odd[1].jsonl")]


@pytest.mark.parametrize("pattern", ["nothing.jsonl", "*.nothing"])
def test_what_matches_nothing_is_an_error(pattern: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file matches"):
        expand([str(tmp_path / pattern)])
