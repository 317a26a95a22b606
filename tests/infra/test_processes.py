"""How the local stack starts and stops its processes."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing

import pytest

from infra.local.folder import own_folder
from infra.local.interrupts import Interrupts
from infra.local.ports import free_port
from infra.local.processes import ChildError, Children
from tests.deadlines import DEADLINE_SECONDS

WAITS = "import time; print('ready', flush=True); time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(15, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"


@pytest.fixture
def children(tmp_path):
    started = Children(tmp_path, Interrupts())
    yield started
    started.stop_all()


def start(children, name, code, **options):
    return children.start(name, [sys.executable, "-c", code], dict(os.environ), stage=0, **options)


def said(word):
    return lambda line: line if word in line else None


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_child_is_ready_when_it_says_so(children):
    """The wait ends with the line that was waited for."""
    child = start(children, "one", WAITS)
    assert child.wait_for(said("ready"), timeout_seconds=DEADLINE_SECONDS) == "ready"
    children.check()


def test_a_child_that_dies_is_named_with_its_last_words(children):
    """Who ended, how, and why: without looking for a log."""
    child = start(children, "poor-thing", "import sys; print('no such table'); sys.exit(3)")
    with pytest.raises(ChildError, match=r"(?s)poor-thing ended with exit code 3.*no such table"):
        child.wait_for(said("ready"), timeout_seconds=DEADLINE_SECONDS)
    with pytest.raises(ChildError, match="poor-thing"):
        children.check()


def test_a_child_that_never_gets_ready_is_not_waited_for_for_ever(children):
    """The time-out says which one it was."""
    child = start(children, "sleepy", WAITS)
    with pytest.raises(ChildError, match="sleepy is not ready after 0 s"):
        child.wait_for(said("something else"), timeout_seconds=0.1)


def test_stopping_takes_grandchildren_and_stubborn_ones_along(children):
    """Nothing is left of a process group: not who ignores SIGTERM, not what they started."""
    spawns = f"import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', {STUBBORN!r}]).pid, flush=True)\n"
    child = start(children, "parent", spawns + STUBBORN, grace_seconds=0.2)
    child.wait_for(said("ready"), timeout_seconds=DEADLINE_SECONDS)
    grandchild = int(child.wait_for(lambda line: line if line.isdecimal() else None, timeout_seconds=DEADLINE_SECONDS))
    children.stop_all()
    assert child.exit_code == -signal.SIGKILL
    end = time.monotonic() + 5
    while is_running(grandchild) and time.monotonic() < end and not is_zombie(grandchild):
        time.sleep(0.02)
    assert not is_running(grandchild) or is_zombie(grandchild)


def is_zombie(pid):
    """Return whether nobody has collected a process that has ended, as in containers without an init."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:  # noqa: PTH123 - gone between look and read
            return stat.read().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return False


def test_what_a_killed_stack_left_behind_is_ended_by_the_next(tmp_path):
    """A stack that was killed can't stop its processes; the next one in the same folder does."""
    killed = Children(tmp_path, Interrupts())
    child = start(killed, "orphan", WAITS)
    child.wait_for(said("ready"), timeout_seconds=DEADLINE_SECONDS)
    Children(tmp_path, Interrupts())
    child.stopped(grace_seconds=5)
    assert child.exit_code == -signal.SIGKILL
    assert not list(tmp_path.glob("*.pid"))


def test_another_programs_process_is_left_alone(tmp_path):
    """A process id that was ours once may be somebody else's now."""
    stranger = subprocess.Popen([sys.executable, "-c", WAITS], stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        (tmp_path / f"{stranger.pid}.pid").write_text("another\0command")
        Children(tmp_path, Interrupts())
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_signal_waits_until_a_start_is_complete():
    """A process that has just been started is always one that will be stopped."""
    interrupts = Interrupts()
    reached = []
    with pytest.raises(KeyboardInterrupt), interrupts.listening(), interrupts.held():  # noqa: PT012 - the order counts
        os.kill(os.getpid(), signal.SIGTERM)
        reached.append("the end of the block")
    assert reached


def test_only_the_first_signal_interrupts():
    """A second Ctrl-C does not cut the stopping short."""
    interrupts = Interrupts()
    with interrupts.listening():
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)


def test_a_taken_port_is_replaced_by_a_free_one():
    """The wanted port is used if it can be."""
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        assert free_port(port) != port
    assert free_port(port) == port


def test_each_running_stack_has_a_folder_of_its_own(tmp_path):
    """A second stack of the same checkout learns about the first and keeps out of its files."""
    with own_folder(tmp_path) as first:
        first.description.write_text('{"site_url": "http://127.0.0.1:8080"}')
        with own_folder(tmp_path) as second:
            assert second.path != first.path
            assert second.neighbours == ("http://127.0.0.1:8080",)
    with own_folder(tmp_path) as third:
        assert third.path == first.path
