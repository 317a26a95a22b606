"""Without a deployment every command prints one line."""

import sys

import pytest

from ops.__main__ import main


@pytest.mark.parametrize("command", ["status", "doctor", "doctor --json", "failures list", "failures watch"])
def test_a_missing_stack_is_one_line(command, tmp_path, monkeypatch, capsys):
    """It says what to do, and the exit code is 3, also for commands that print the stack's name first."""
    monkeypatch.setattr(sys, "argv", ["stride", "--stack-file", str(tmp_path / "none.json"), *command.split()])
    with pytest.raises(SystemExit) as ended:
        main()
    printed = capsys.readouterr()
    assert (ended.value.code, printed.out) == (3, "")
    [text] = printed.err.splitlines()
    assert text.startswith("Error: there is no ")
    assert "make up" in text
