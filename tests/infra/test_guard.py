"""After `kill -9` of the process that runs a stack, nothing of it runs."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

from infra.local.guard import Guard
from tests.deadlines import DEADLINE_SECONDS
from tests.infra.test_processes import is_running, is_zombie

PARENT = """
import os, sys, time
from pathlib import Path
from infra.local.guard import Guard
from infra.local.interrupts import Interrupts
from infra.local.processes import Children
guard = {guard}
children = Children(Path(sys.argv[1]), Interrupts(), guard)
for name, script in (("one", "sleep 61 & echo $!; wait"), ("two", "echo $$; exec sleep 61")):
    child = children.start(name, ["/bin/sh", "-c", script], dict(os.environ), stage=0)
    print(child.pid, child.wait_for_output(str, timeout_seconds=60), guard.pid, flush=True)
for line in sys.stdin:
    children.check_guard()
    print(guard.pid, flush=True)
"""

DIES_FIRST = """type("Dying", (Guard,), {"watch": lambda self, group: os.kill(os.getpid(), 9)})()"""
"""A guard whose parent is killed between the start of a process and the message to the guard."""


@contextmanager
def run_parent(folder, guard="Guard()"):
    command = [sys.executable, "-c", PARENT.replace("{guard}", guard), str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        try:
            yield parent
        finally:
            parent.kill()


def read_pids(parent):
    return {int(pid) for _ in range(2) for pid in parent.stdout.readline().split()}


def wait_for_ends(pids):
    end = time.monotonic() + DEADLINE_SECONDS
    while left := [pid for pid in pids if is_running(pid) and not is_zombie(pid)]:
        assert time.monotonic() < end, left
        time.sleep(0.01)


def test_nothing_runs_after_the_parent_was_killed(tmp_path):
    """Processes, their children and the guard itself end."""
    with run_parent(tmp_path) as parent:
        pids = read_pids(parent)
        assert len(pids) == 4
        parent.kill()
        wait_for_ends(pids)


def test_a_killed_guard_is_replaced(tmp_path):
    """The next guard watches the processes that the first one watched."""
    with run_parent(tmp_path) as parent:
        pids = read_pids(parent)
        [guard] = [pid for pid in pids if "guard.py" in read_command(pid)]
        os.kill(guard, signal.SIGKILL)
        wait_for_ends([guard])
        parent.stdin.write("\n")
        parent.stdin.flush()
        replaced = int(parent.stdout.readline())
        assert replaced != guard
        parent.kill()
        wait_for_ends({*pids, replaced})


def test_a_process_that_the_guard_does_not_know_does_not_run(tmp_path):
    """A parent that is killed in the middle of a start leaves a process that ends without running its command."""
    with run_parent(tmp_path, DIES_FIRST) as parent:
        assert parent.wait(DEADLINE_SECONDS) == -signal.SIGKILL
    assert (tmp_path / "one.log").read_bytes() == b""


def read_command(pid):
    listed = subprocess.run(["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return listed.stdout


def test_a_guard_that_does_not_end_is_killed():
    """Ctrl-C does not wait for it."""
    guard = Guard(close_seconds=0.05)
    with subprocess.Popen(["/bin/sh", "-c", "read -r _"], stdin=subprocess.PIPE, start_new_session=True) as process:
        guard.watch(process.pid)
        stopped = guard.pid
        os.kill(stopped, signal.SIGSTOP)
        guard.forget(process.pid)
        guard.close()
        assert not is_running(stopped)
        assert process.poll() is None


def test_a_clean_end_leaves_the_guard_nothing_to_do(tmp_path):
    """The guard of a parent that stopped its processes ends with it."""
    script = PARENT.replace("{guard}", "Guard()").replace(
        "for line in sys.stdin", "for line in children.stop_all() or ()"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    done = subprocess.run(command, input="", capture_output=True, text=True, check=True, timeout=DEADLINE_SECONDS)
    wait_for_ends({int(pid) for pid in done.stdout.split()})
