"""`stride` where the extra `desk` is not installed."""

import subprocess
import sys

import pytest

from tests.deadlines import DEADLINE_SECONDS


def without(module, *arguments):
    """Run `stride` where a module can't be found."""
    code = f"import sys; sys.modules[{module!r}] = None; from ops.__main__ import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False, timeout=DEADLINE_SECONDS
    )


@pytest.mark.parametrize(
    ("module", "arguments"), [("click", ["status"]), ("rich.console", ["--help"]), ("uvicorn", ["desk"])]
)
def test_what_is_not_installed_is_a_sentence(module, arguments):
    """It names what brings it along, and ends with a code of its own."""
    done = without(module, *arguments)
    assert (done.returncode, done.stdout) == (3, "")
    [said] = done.stderr.splitlines()
    assert said.startswith(f"Error: {module.partition('.')[0]} is not installed")
    assert "stride-chat[desk]" in said


def test_a_part_of_ours_that_is_missing_is_a_bug():
    """No package brings it along: its traceback is what helps."""
    done = without("ops.cli.views", "status")
    assert done.returncode == 1
    assert "Traceback" in done.stderr
