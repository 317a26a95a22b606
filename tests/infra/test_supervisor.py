"""How a running stack starts processes again that have ended."""

import os
import signal
import time

import pytest

from infra.local.interrupts import Interrupts
from infra.local.processes import Children
from infra.local.supervisor import Supervisor
from tests.deadlines import DEADLINE_SECONDS

WAITS = "echo ready; exec sleep 60"


class Stack:
    """Processes under a supervisor whose clock the test moves."""

    def __init__(self, folder):
        self.children = Children(folder, Interrupts())
        self.reports, self.descriptions, self.now = [], [], 0.0
        self.supervisor = Supervisor(
            self.children,
            is_ready=lambda child: child.find_output(lambda line: line if line == "ready" else None) is not None,
            report=self.reports.append,
            update_description=lambda: self.descriptions.append(self.children.list_pids()),
            clock=lambda: self.now,
        )

    def start(self, name, script):
        return self.children.start(name, ["/bin/sh", "-c", script], dict(os.environ), stage=0, grace_seconds=1)

    def check_until(self, is_true):
        end = time.monotonic() + DEADLINE_SECONDS
        while not is_true():
            self.supervisor.check()
            assert time.monotonic() < end, self.reports
            time.sleep(0.005)


@pytest.fixture
def stack(tmp_path):
    started = Stack(tmp_path)
    yield started
    started.children.stop_all()


def test_a_killed_process_starts_again_after_its_wait(stack):
    """It is named with its end, the next start and its last lines; its neighbour is not touched."""
    chat, desk = stack.start("chat", "echo loading; echo ready; exec sleep 60"), stack.start("desk", WAITS)
    chat.wait_for_output(lambda line: line if line == "ready" else None, timeout_seconds=DEADLINE_SECONDS)
    os.kill(chat.pid, signal.SIGKILL)
    stack.check_until(lambda: stack.reports)
    [report] = stack.reports
    assert report.startswith("chat ended with signal SIGKILL; it starts again in 0.5 s.\n")
    assert "  | loading\n" in report
    stack.now = 0.4
    stack.supervisor.check()
    assert stack.children["chat"].pid == chat.pid
    stack.now = 0.5
    stack.check_until(lambda: len(stack.reports) == 2)
    again = stack.children["chat"]
    assert stack.reports[1] == f"chat runs again (process {again.pid})."
    assert stack.descriptions[-1] == {"chat": again.pid, "desk": desk.pid}
    assert again.launch == chat.launch
    assert stack.supervisor.down == []


def test_the_lines_of_the_process_before_do_not_make_it_ready(stack, tmp_path):
    """The log goes on after a restart, and the address in it of the dead process is not taken for the new one's."""
    once = tmp_path / "once"
    script = f"[ -e {once} ] && echo loading && exec sleep 60; touch {once}; echo ready; exit 3"
    stack.start("booking", script)
    stack.check_until(lambda: stack.reports)
    stack.now = 0.5
    stack.supervisor.check()
    again = stack.children["booking"]
    again.wait_for_output(lambda line: line if line == "loading" else None, timeout_seconds=DEADLINE_SECONDS)
    stack.supervisor.check()
    assert again.log.read_text() == "ready\nloading\n"
    assert len(stack.reports) == 1


def test_a_process_that_ends_again_and_again_stays_down(stack):
    """After five ends within a minute there is one more line, and nothing is started any more."""
    stack.start("booking", "echo no such table; exit 3")
    while not stack.supervisor.down:
        count = len(stack.reports)
        stack.check_until(lambda count=count: len(stack.reports) > count)
        stack.now += 4
    waits = [report.split("\n")[0] for report in stack.reports]
    assert waits[:4] == [
        f"booking ended with exit code 3; it starts again in {seconds} s." for seconds in (0.5, 1.0, 2.0, 4.0)
    ]
    assert waits[4].startswith("booking ended with exit code 3, and stays down: it ended 5 times within 60 s.")
    assert "  | no such table\n" in stack.reports[4]
    stack.now += 1000
    stack.supervisor.check()
    assert len(stack.reports) == 5
    assert stack.supervisor.down == ["booking"]


def test_a_process_that_cannot_be_started_is_reported(stack, tmp_path):
    """A log that can't be written, as on a full disk, is named; the others go on, and so does the supervisor."""
    chat = stack.start("chat", "exit 0")
    stack.check_until(lambda: stack.reports)
    chat.log.unlink()
    chat.log.mkdir()
    stack.now = 0.5
    stack.check_until(lambda: len(stack.reports) == 2)
    assert "chat can't be started" in stack.reports[1]
    assert "it starts again in 1.0 s" in stack.reports[1]
    chat.log.rmdir()
    stack.now = 1.5
    stack.check_until(lambda: stack.children["chat"] is not chat)
