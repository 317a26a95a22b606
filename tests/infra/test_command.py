"""The command `stride` that `make setup` puts into the virtual environment."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRINT_ARGUMENTS = "import json, sys\ndef main(): print(json.dumps([{where!r}, *sys.argv[1:]]))\n"


@pytest.fixture
def checkout(tmp_path):
    """Return a checkout in a folder whose name a shell would split, with an `ops` that prints its arguments."""
    root = tmp_path / "what's $here"
    (root / ".venv/bin").mkdir(parents=True)
    (root / ".venv/bin/python").symlink_to(sys.executable)
    (root / "infra").mkdir()
    shutil.copy(ROOT / "infra/make_command.sh", root / "infra")
    package(root, "the checkout's")
    subprocess.run(["sh", "infra/make_command.sh", ".venv"], cwd=root, check=True)
    return root


def package(folder, where):
    (folder / "ops").mkdir(parents=True)
    (folder / "ops/__main__.py").write_text(PRINT_ARGUMENTS.format(where=where))


def run(command, *arguments, folder):
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    completed = subprocess.run(
        [command, *arguments], cwd=folder, env=environment, check=True, capture_output=True, text=True
    )
    return completed.stdout.strip()


def test_the_command_starts_from_any_folder(checkout, tmp_path):
    """It finds its checkout, whatever its name, and passes every argument on unchanged."""
    output = run(checkout / ".venv/bin/stride", "show", "two words", "$x", folder=tmp_path)
    assert output == '["the checkout\'s", "show", "two words", "$x"]'


def test_modules_of_the_current_folder_are_not_imported(checkout, tmp_path):
    """Modules in the current folder replace none of those that we import."""
    elsewhere = tmp_path / "elsewhere"
    package(elsewhere, "somebody's")
    (elsewhere / "json.py").write_text("raise SystemExit('not this one')")
    assert run(checkout / ".venv/bin/stride", folder=elsewhere) == '["the checkout\'s"]'


def test_setup_creates_the_command(tmp_path):
    """`make setup` creates the command without installing the dependencies again."""
    binaries = tmp_path / "bin"
    binaries.mkdir()
    (binaries / "uv").touch()
    (tmp_path / ".matches-lock").touch()
    steps = subprocess.run(
        ["make", "--dry-run", "setup", f"VENV={tmp_path}"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    assert "infra/make_command.sh" in steps
    assert "pip sync" not in steps


def test_the_command_line_answers_by_its_name(tmp_path):
    """The command in the environment that runs these tests prints its help."""
    command = Path(sys.executable).parent / "stride"
    if not command.exists():
        pytest.skip("created by `make setup`")
    assert run(command, "--help", folder=tmp_path).startswith("Usage: stride ")
