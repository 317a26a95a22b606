"""`make up` as a program: it stops on a signal at any time, and leaves no process or file behind."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.deadlines import DEADLINE_SECONDS


@pytest.fixture
def up(tmp_path):
    """Start the program with a separate folder, and end it if the test did not."""
    output = (tmp_path / "output").open("wb")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "BEDROCK"))}
    environment["PYTHONUNBUFFERED"] = "1"

    own = ("--port", "0", "--aws-port", "0", "--folder", str(tmp_path))

    def run(*arguments, **more):
        return subprocess.Popen(
            [sys.executable, "-m", "infra.local.up", *own, *arguments],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**environment, **more},
            start_new_session=True,
        )

    started = []
    yield lambda *arguments, **more: started.append(run(*arguments, **more)) or started[-1]
    for process in started:
        process.terminate()
        process.wait(DEADLINE_SECONDS)
    output.close()


def wait_for(process, folder, text):
    end = time.monotonic() + 2 * DEADLINE_SECONDS
    while text not in (printed := (folder / "output").read_text()):
        assert process.poll() is None, printed
        assert time.monotonic() < end, printed
        time.sleep(0.02)


def command_of(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").replace("\0", " ")
    except OSError:
        return ""


def test_ctrl_c_while_it_runs_stops_everything(up, tmp_path):
    """The description lists every part; after the stop it is deleted, and all its processes have ended.

    The death of the page stops nothing: it is started again before, with a new process id in the description.
    """
    process = up("--pool", "chat")
    wait_for(process, tmp_path, "Ctrl-C stops everything")
    before = json.loads((tmp_path / "stack.json").read_text())
    os.kill(before["pids"]["site"], signal.SIGKILL)
    wait_for(process, tmp_path, "site runs again")
    stack = json.loads((tmp_path / "stack.json").read_text())
    assert stack["pids"].pop("site") != before["pids"].pop("site")
    assert stack == before
    stack = json.loads((tmp_path / "stack.json").read_text())
    assert set(stack["pids"]) == {"emulator", "calendar", "bedrock", "chat", "site", "desk"}
    assert set(stack["queues"]) == {
        *("chat", "booking", "notifications", "codes"),
        *("chat_dlq", "booking_dlq", "notifications_dlq"),
    }
    assert stack["tables"]["appointments"] == "appointments"
    process.send_signal(signal.SIGINT)
    wait_for(process, tmp_path, "Stopping ...")
    assert process.wait(DEADLINE_SECONDS) == 0
    assert (tmp_path / "output").read_text().endswith("\nStopping ...\nStopped.\n")
    assert not (tmp_path / "stack.json").exists()
    assert [command_of(pid) for pid in stack["pids"].values()] == [""] * 6
    assert not list((tmp_path / "logs").glob("*.pid"))


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param("Package the functions", marks=pytest.mark.soak),
        "Deploy the template",
        pytest.param("Seed the demo business", marks=pytest.mark.soak),
    ],
)
def test_a_stop_during_a_step_is_as_clean(up, tmp_path, moment):
    """SIGTERM while it starts: exit code 0, no process left, no traceback."""
    process = up()
    wait_for(process, tmp_path, moment)
    pids = [file.stem for file in (tmp_path / "logs").glob("*.pid")]
    assert len(pids) >= 3
    process.send_signal(signal.SIGTERM)
    assert process.wait(DEADLINE_SECONDS) == 0
    printed = (tmp_path / "output").read_text()
    assert printed.endswith("\nStopping ...\nStopped.\n")
    assert "Traceback" not in printed
    assert [command_of(pid) for pid in pids] == [""] * len(pids)


def test_the_real_bedrock_without_credentials_is_refused_at_once(up, tmp_path):
    """The error names what is missing, before anything is deployed."""
    nothing = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    process = up("--bedrock", "aws", AWS_EC2_METADATA_DISABLED="true", **nothing)
    assert process.wait(DEADLINE_SECONDS) == 1
    assert "needs your AWS credentials" in (tmp_path / "output").read_text()
    assert not list((tmp_path / "logs").glob("*.pid"))


def test_help_shows_examples():
    """`--help` shows examples."""
    command = [sys.executable, "-m", "infra.local.up", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=DEADLINE_SECONDS)
    assert "make up PORT=9000" in done.stdout
