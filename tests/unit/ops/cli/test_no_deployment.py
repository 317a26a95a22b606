"""Where there is nothing to look after, every command says so in a sentence."""

import subprocess
import sys

import pytest

from tests.deadlines import DEADLINE_SECONDS


@pytest.mark.parametrize("command", ["status", "doctor", "doctor --json", "failures list", "failures watch"])
def test_no_stack_is_a_sentence(command, tmp_path):
    """It says what to do, and ends with a code of its own; what names the stack before it begins does, too."""
    stride = [sys.executable, "-m", "ops", "--stack-file", str(tmp_path / "none.json")]
    done = subprocess.run(
        [*stride, *command.split()], capture_output=True, text=True, check=False, timeout=DEADLINE_SECONDS
    )
    assert (done.returncode, done.stdout) == (3, "")
    [said] = done.stderr.splitlines()
    assert said.startswith("Error: there is no ")
    assert "make up" in said
