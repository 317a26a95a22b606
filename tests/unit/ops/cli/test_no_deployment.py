"""Without a deployment every command prints one line."""

import subprocess
import sys

import pytest

from tests.deadlines import DEADLINE_SECONDS


@pytest.mark.parametrize("command", ["status", "doctor", "doctor --json", "failures list", "failures watch"])
def test_a_missing_stack_is_one_line(command, tmp_path):
    """It says what to do, and the exit code is 3, also for commands that print the stack's name first."""
    stride = [sys.executable, "-m", "ops", "--stack-file", str(tmp_path / "none.json")]
    done = subprocess.run(
        [*stride, *command.split()], capture_output=True, text=True, check=False, timeout=DEADLINE_SECONDS
    )
    assert (done.returncode, done.stdout) == (3, "")
    [text] = done.stderr.splitlines()
    assert text.startswith("Error: there is no ")
    assert "make up" in text
