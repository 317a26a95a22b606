"""The command `stride` that `make setup` puts into the virtual environment."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TELLS = "import json, sys\ndef main(): print(json.dumps([{where!r}, *sys.argv[1:]]))\n"


@pytest.fixture
def checkout(tmp_path):
    """A checkout in a folder whose name a shell would take apart, with an `ops` that tells its arguments."""
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
    (folder / "ops/__main__.py").write_text(TELLS.format(where=where))


def said(command, *arguments, folder):
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    ran = subprocess.run([command, *arguments], cwd=folder, env=environment, check=True, capture_output=True, text=True)
    return ran.stdout.strip()


def test_the_command_starts_from_any_folder(checkout, tmp_path):
    """It finds its checkout, whatever that is called, and hands every argument on as it was."""
    told = said(checkout / ".venv/bin/stride", "show", "two words", "$x", folder=tmp_path)
    assert told == '["the checkout\'s", "show", "two words", "$x"]'


def test_the_folder_it_is_started_in_adds_no_code(checkout, tmp_path):
    """A module in somebody's folder takes the place of none that we import."""
    elsewhere = tmp_path / "elsewhere"
    package(elsewhere, "somebody's")
    (elsewhere / "json.py").write_text("raise SystemExit('not this one')")
    assert said(checkout / ".venv/bin/stride", folder=elsewhere) == '["the checkout\'s"]'


def test_setup_makes_the_command(tmp_path):
    """Whoever has run `make setup` has it; what was there before is not installed anew for it alone."""
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
    """The real one, in the environment that runs these tests."""
    command = Path(sys.executable).parent / "stride"
    if not command.exists():
        pytest.skip("made by `make setup`")
    assert said(command, "--help", folder=tmp_path).startswith("Usage: stride ")
