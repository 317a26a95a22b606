"""`stride` where the extra `desk` is not installed."""

import subprocess
import sys

import pytest

from tests.deadlines import DEADLINE_SECONDS

pytestmark = pytest.mark.process


def run_without(module, *arguments):
    """Run `stride` in an environment without a module."""
    code = f"import sys; sys.modules[{module!r}] = None; from ops.__main__ import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False, timeout=DEADLINE_SECONDS
    )


@pytest.mark.parametrize(
    ("module", "arguments"), [("click", ["status"]), ("rich.console", ["--help"]), ("uvicorn", ["desk"])]
)
def test_a_missing_package_is_one_line(module, arguments):
    """It names the extra that installs it, and the exit code is 3."""
    done = run_without(module, *arguments)
    assert (done.returncode, done.stdout) == (3, "")
    [message] = done.stderr.splitlines()
    assert message.startswith(f"Error: {module.partition('.')[0]} is not installed")
    assert "stride-chat[desk]" in message


def test_a_missing_module_of_the_project_is_a_bug():
    """No package would install it, so the traceback is printed."""
    done = run_without("ops.cli.views", "status")
    assert done.returncode == 1
    assert "Traceback" in done.stderr
