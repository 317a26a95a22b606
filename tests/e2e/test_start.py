"""A worker with invalid settings reports the reason and exits."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from infra.local.child import ChildError
from infra.local.stack import Stack
from tests.deadlines import DEADLINE_SECONDS

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("worker", ["chat", "booking", "notifications"])
def test_a_missing_setting_is_named(worker: str):
    """The error lists the missing variables, without a traceback."""
    environment = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME"}}
    result = subprocess.run(
        [sys.executable, "-m", f"workers.{worker}"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
        check=False,
    )

    assert result.returncode == 1
    assert "not started, check these variables: " in result.stderr
    assert f"{worker.upper()}_QUEUE_URL: Field required" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.e2e
def test_a_missing_knowledge_bucket_is_named(stack: Stack):
    """The error says what to deploy and which variable to set."""
    running = stack.children["chat"]
    with pytest.raises(ChildError, match=r"knowledge bucket 'not-there' can't be read.*deploy the template"):
        stack.start_pool("chat", KNOWLEDGE_BUCKET="not-there")

    assert running.exit_code is None
