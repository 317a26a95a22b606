"""One process of the stack: its output, its readiness and its end."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

_POLL_SECONDS = 0.02
_MAX_LOG_LINES = 15


class ChildError(Exception):
    """A process ended or did not become ready; the text has its last lines of output."""


@dataclass(frozen=True)
class Launch:
    """How a process is started, the first time and after each crash."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    stage: int
    """Processes of higher stages are stopped before those of lower ones."""
    grace_seconds: float
    """How long it may take to end after SIGTERM."""


class Child:
    """A process in a separate process group, whose output goes to a file."""

    def __init__(self, launch: Launch, process: "subprocess.Popen[bytes]", *, log: Path, log_offset: int = 0) -> None:
        self.launch = launch
        self.log = log
        self._log_offset = log_offset
        self._process = process
        self._has_ended = False

    @property
    def name(self) -> str:
        """Return the name, which the process keeps after a restart."""
        return self.launch.name

    @property
    def pid(self) -> int:
        """Return the process id, which is the group's too."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """Return the exit code; None while it runs."""
        if not self._has_ended and self._process.poll() is not None:
            self._end_group()
        return self._process.returncode

    def describe_end(self) -> str:
        """Return how it ended, such as `exit code 1` or `signal SIGKILL`."""
        code = self.exit_code or 0
        if code >= 0:
            return f"exit code {code}"
        try:
            return f"signal {signal.Signals(-code).name}"
        except ValueError:
            return f"signal {-code}"

    def find_output(self, find: Callable[[str], str | None]) -> str | None:
        """Return the first result of `find` for the complete lines of its output so far, without waiting."""
        lines = self._read_output().split("\n")[:-1]
        return next((found for line in lines if (found := find(line)) is not None), None)

    def wait_for_output(self, find: Callable[[str], str | None], *, timeout_seconds: float) -> str:
        """Return the first result of `find` that is not None, called with each line of the output.

        Raises:
            ChildError: the process ended, or `find` returned None for all lines until the timeout.
        """
        end = time.monotonic() + timeout_seconds
        with self.log.open(encoding="utf-8", errors="replace") as output:
            output.seek(self._log_offset)
            unfinished_line = ""
            while True:
                ended = self.exit_code is not None
                unfinished_line += output.read()
                *lines, unfinished_line = unfinished_line.split("\n")
                for line in lines:
                    if (found := find(line)) is not None:
                        return found
                self.check_running(ended=ended)
                self._check_deadline(end, timeout_seconds)
                time.sleep(_POLL_SECONDS)

    def wait_until(self, is_ready: Callable[[], bool], *, timeout_seconds: float) -> None:
        """Wait until `is_ready` returns True; raise `ChildError` as `wait_for_output` does."""
        end = time.monotonic() + timeout_seconds
        while not is_ready():
            self.check_running(ended=self.exit_code is not None)
            self._check_deadline(end, timeout_seconds)
            time.sleep(_POLL_SECONDS)

    def check_running(self, *, ended: bool) -> None:
        """Raise `ChildError` with the last lines if the process has ended."""
        if ended:
            raise ChildError(f"{self.name} ended with {self.describe_end()}\n{self.read_last_lines()}")

    def read_last_lines(self) -> str:
        """Return the end of the output, indented, with the file's name."""
        lines = self._read_output().splitlines()[-_MAX_LOG_LINES:]
        return "\n".join([*(f"  | {line}" for line in lines), f"  full log: {self.log}"])

    def terminate(self) -> None:
        """Send SIGTERM, unless it has ended."""
        if self.exit_code is None:
            self._process.terminate()

    def wait_for_exit(self, *, grace_seconds: float) -> None:
        """Wait for the end; send SIGKILL after the grace period, and to the rest of the process group."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(grace_seconds)
        if not self._has_ended:
            self._end_group()
        self._process.wait()

    def kill(self) -> None:
        """Kill it at once, as a crash would."""
        self.wait_for_exit(grace_seconds=0)

    def _check_deadline(self, end: float, timeout_seconds: float) -> None:
        if time.monotonic() > end:
            raise ChildError(f"{self.name} is not ready after {timeout_seconds:.0f} s\n{self.read_last_lines()}")

    def _read_output(self) -> str:
        """Return what it has written; the file has the output of the processes before it too."""
        with contextlib.suppress(OSError), self.log.open(encoding="utf-8", errors="replace") as output:
            output.seek(self._log_offset)
            return output.read()
        return ""

    def _end_group(self) -> None:
        """Kill what is left of the group, once: after the group's end its id can belong to another program."""
        self._has_ended = True
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
