"""How the local stack starts and stops its processes."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing

import pytest

from infra.local.child import ChildError
from infra.local.folder import lock_folder
from infra.local.interrupts import Interrupts
from infra.local.ports import find_free_port
from infra.local.processes import Children
from tests.deadlines import DEADLINE_SECONDS

WAITS = "import time; print('ready', flush=True); time.sleep(60)"
IGNORES_SIGTERM = "import signal, time; signal.signal(15, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"


@pytest.fixture
def children(tmp_path):
    started = Children(tmp_path, Interrupts())
    yield started
    started.stop_all()


def start(children, name, code, **options):
    return children.start(name, [sys.executable, "-c", code], dict(os.environ), stage=0, **options)


def line_with(word):
    return lambda line: line if word in line else None


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_child_is_ready_when_it_prints_its_line(children):
    """The wait ends with the expected line."""
    child = start(children, "one", WAITS)
    assert child.wait_for_output(line_with("ready"), timeout_seconds=DEADLINE_SECONDS) == "ready"
    children.check_running()


def test_a_child_that_ends_is_reported_with_its_last_lines(children):
    """The error has the process's name, its exit code and its last lines of output."""
    child = start(children, "failing", "import sys; print('no such table'); sys.exit(3)")
    with pytest.raises(ChildError, match=r"(?s)failing ended with exit code 3.*no such table"):
        child.wait_for_output(line_with("ready"), timeout_seconds=DEADLINE_SECONDS)
    with pytest.raises(ChildError, match="failing"):
        children.check_running()


def test_the_wait_for_a_child_ends_with_a_timeout(children):
    """The error names the process."""
    child = start(children, "silent", WAITS)
    with pytest.raises(ChildError, match="silent is not ready after 0 s"):
        child.wait_for_output(line_with("something else"), timeout_seconds=0.1)


def test_stopping_ends_grandchildren_and_processes_that_ignore_sigterm(children):
    """The whole process group ends, with processes that ignore SIGTERM and their children."""
    popen = f"subprocess.Popen([sys.executable, '-c', {IGNORES_SIGTERM!r}])"
    spawns = f"import subprocess, sys; print({popen}.pid, flush=True)\n"
    child = start(children, "parent", spawns + IGNORES_SIGTERM, grace_seconds=0.2)
    child.wait_for_output(line_with("ready"), timeout_seconds=DEADLINE_SECONDS)
    grandchild = int(
        child.wait_for_output(lambda line: line if line.isdecimal() else None, timeout_seconds=DEADLINE_SECONDS)
    )
    children.stop_all()
    assert child.exit_code == -signal.SIGKILL
    end = time.monotonic() + 5
    while is_running(grandchild) and time.monotonic() < end and not is_zombie(grandchild):
        time.sleep(0.02)
    assert not is_running(grandchild) or is_zombie(grandchild)


def is_zombie(pid):
    """Return whether a process has ended but was not reaped, as in containers without an init."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:  # noqa: PTH123 - gone between look and read
            return stat.read().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return False


def test_processes_of_a_killed_stack_are_ended_by_the_next_one(tmp_path):
    """A killed stack can't stop its processes; the next one in the same folder does."""
    killed = Children(tmp_path, Interrupts())
    child = start(killed, "orphan", WAITS)
    child.wait_for_output(line_with("ready"), timeout_seconds=DEADLINE_SECONDS)
    Children(tmp_path, Interrupts())
    child.wait_for_exit(grace_seconds=5)
    assert child.exit_code == -signal.SIGKILL
    assert not list(tmp_path.glob("*.pid"))
    killed.stop_all()


def test_the_port_of_a_killed_stack_is_free_for_the_next_one(tmp_path):
    """A process that is being killed holds its port for a while, the longer the more memory it has."""
    killed = Children(tmp_path, Interrupts())
    code = (
        "import socket, time; memory = bytearray(200_000_000); memory[::4096] = b'x' * len(memory[::4096])\n"
        "listener = socket.create_server(('127.0.0.1', 0)); print(listener.getsockname()[1], flush=True)\n"
        "time.sleep(60)"
    )
    child = start(killed, "orphan", code)
    port = int(child.wait_for_output(str, timeout_seconds=DEADLINE_SECONDS))
    Children(tmp_path, Interrupts())
    found = find_free_port(port)
    killed.stop_all()
    assert found == port


def test_a_process_of_another_program_is_not_ended(tmp_path):
    """A recorded process id may belong to another program by now."""
    stranger = subprocess.Popen([sys.executable, "-c", WAITS], stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        (tmp_path / f"{stranger.pid}.pid").write_text("another\0command")
        Children(tmp_path, Interrupts())
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_signal_waits_until_a_start_is_complete():
    """A signal while a process is started is handled after the process is recorded."""
    interrupts = Interrupts()
    reached = []
    with pytest.raises(KeyboardInterrupt), interrupts.catch_signals(), interrupts.defer_signals():  # noqa: PT012 - the order counts
        os.kill(os.getpid(), signal.SIGTERM)
        reached.append("the end of the block")
    assert reached


def test_only_the_first_signal_interrupts():
    """A second Ctrl-C does not interrupt the stop."""
    interrupts = Interrupts()
    with interrupts.catch_signals():
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)


def test_a_port_in_use_is_replaced_by_a_free_one():
    """The preferred port is used if it is free."""
    with closing(socket.create_server(("127.0.0.1", 0))) as occupied:
        port = occupied.getsockname()[1]
        assert find_free_port(port) != port
    assert find_free_port(port) == port


def test_two_processes_never_get_the_same_port():
    """A port that was found and is not bound yet is given to no other process, and not twice to one."""
    code = (
        "from infra.local.ports import find_free_port\n"
        "print(*{find_free_port() for _ in range(400)}, flush=True)\n"
        "input()\n"
    )
    command = [sys.executable, "-c", code]
    processes = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    try:
        found = [process.stdout.readline().split() for process in processes]
    finally:
        for process in processes:
            process.communicate("\n", timeout=DEADLINE_SECONDS)
    assert [len(ports) for ports in found] == [400] * 3
    assert len({port for ports in found for port in ports}) == 1200


def test_a_port_that_another_process_has_found_is_replaced():
    """The preferred port counts as in use until the process that found it ends, although nothing listens on it."""
    code = "from infra.local.ports import find_free_port; print(find_free_port(), flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        port = int(other.stdout.readline())
        assert find_free_port(port) != port
        other.communicate("\n", timeout=DEADLINE_SECONDS)
    assert find_free_port(port) == port


def test_a_group_is_killed_once(children, monkeypatch):
    """When the end of a child is noticed its group is killed; later its id may be another program's."""
    child = start(children, "one", "pass")
    with pytest.raises(ChildError):
        child.wait_for_output(line_with("nothing"), timeout_seconds=DEADLINE_SECONDS)
    killed = []
    monkeypatch.setattr(os, "killpg", lambda group, number: killed.append((group, number)))
    child.kill()
    children.stop_all()
    assert killed == []


def test_each_running_stack_has_a_separate_folder(tmp_path):
    """A second stack of the same checkout gets the first one's page address and another folder."""
    with lock_folder(tmp_path) as first:
        first.description.write_text('{"site_url": "http://127.0.0.1:8080"}')
        with lock_folder(tmp_path) as second:
            assert second.path != first.path
            assert second.neighbours == ("http://127.0.0.1:8080",)
    with lock_folder(tmp_path) as third:
        assert third.path == first.path
