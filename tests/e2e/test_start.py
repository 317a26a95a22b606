"""A worker that can't do its work says why at its start, and ends."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from infra.local.processes import ChildError
from infra.local.stack import Stack
from tests.deadlines import DEADLINE_SECONDS

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("worker", ["chat", "booking", "notifications"])
def test_a_missing_setting_is_named(worker: str):
    """No traceback: the variables that are missing."""
    environment = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME"}}
    ended = subprocess.run(
        [sys.executable, "-m", f"workers.{worker}"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
        check=False,
    )

    assert ended.returncode == 1
    assert "not started, check these variables: " in ended.stderr
    assert f"{worker.upper()}_QUEUE_URL: Field required" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.e2e
def test_a_missing_knowledge_bucket_is_named(stack: Stack):
    """The sentence says what to deploy and which variable to set."""
    usual = stack.children["chat"]
    with pytest.raises(ChildError, match=r"knowledge bucket 'not-there' can't be read.*deploy the template"):
        stack.start_pool("chat", KNOWLEDGE_BUCKET="not-there")

    assert usual.exit_code is None
