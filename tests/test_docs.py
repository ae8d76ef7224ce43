"""What is generated is up to date; what the README says of commands, tree and exit codes is so."""

import re
import subprocess
import sys
from pathlib import Path

from forensics.cli import app
from forensics.model.errors import Exit


def test_generated_pages_are_up_to_date(root: Path) -> None:
    done = subprocess.run([sys.executable, str(root / "docs" / "generate.py"), "--check"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_readme_has_every_command(root: Path) -> None:
    readme = (root / "README.md").read_text()
    names = {c.name for c in app.registered_commands} | {g.name for g in app.registered_groups}
    assert names <= set(re.findall(r"^\| `(\w+)", readme, re.MULTILINE))


def test_readme_has_every_exit_code(root: Path) -> None:
    readme = (root / "README.md").read_text()
    assert [int(code) for code in re.findall(r"^\| (\d+) \| ", readme, re.MULTILINE)] == sorted(Exit)


def test_readme_shows_every_folder_of_the_package(root: Path) -> None:
    readme = (root / "README.md").read_text()
    folders = {p.name for p in (root / "forensics").iterdir() if (p / "__init__.py").exists()}
    assert {name for name in folders if f"{name}/" not in readme} == set()


def test_top_level_is_what_was_agreed(root: Path) -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, text=True, check=False).stdout.split()
    top = {name.split("/")[0] for name in listed}
    assert top <= {".ci", ".gitignore", "Makefile", "README.md", "docs", "fixtures", "forensics", "pyproject.toml", "rules", "tests"}


def test_links_between_pages_lead_somewhere(root: Path) -> None:
    for page in [root / "README.md", *(root / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
