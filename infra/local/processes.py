"""Starts and stops the stack's processes, and notices when one dies."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from infra.local.interrupts import Interrupts
from infra.local.leftovers import end_leftovers, forget_process, record_process

ROOT = Path(__file__).parents[2]
_POLL_SECONDS = 0.02
_MAX_LOG_LINES = 15


class ChildError(Exception):
    """A process ended or did not become ready; the text has its last lines of output."""


class Child:
    """A process in a separate process group, whose output goes to a file."""

    def __init__(
        self, name: str, process: "subprocess.Popen[bytes]", *, log: Path, stage: int, grace_seconds: float
    ) -> None:
        self.name = name
        self.stage = stage
        self.grace_seconds = grace_seconds
        self.log = log
        self._process = process
        self._has_ended = False

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

    def wait_for_output(self, find: Callable[[str], str | None], *, timeout_seconds: float) -> str:
        """Return the first result of `find` that is not None, called with each line of the output.

        Raises:
            ChildError: the process ended, or `find` returned None for all lines until the timeout.
        """
        end = time.monotonic() + timeout_seconds
        with self.log.open(encoding="utf-8", errors="replace") as output:
            unfinished_line = ""
            while True:
                ended = self.exit_code is not None
                unfinished_line += output.read()
                *lines, unfinished_line = unfinished_line.split("\n")
                for line in lines:
                    if (found := find(line)) is not None:
                        return found
                self.check_running(ended=ended)
                if time.monotonic() > end:
                    raise ChildError(
                        f"{self.name} is not ready after {timeout_seconds:.0f} s\n{self.read_last_lines()}"
                    )
                time.sleep(_POLL_SECONDS)

    def wait_until(self, is_ready: Callable[[], bool], *, timeout_seconds: float) -> None:
        """Wait until `is_ready` returns True; raise `ChildError` as `wait_for_output` does."""
        end = time.monotonic() + timeout_seconds
        while not is_ready():
            self.check_running(ended=self.exit_code is not None)
            if time.monotonic() > end:
                raise ChildError(f"{self.name} is not ready after {timeout_seconds:.0f} s\n{self.read_last_lines()}")
            time.sleep(_POLL_SECONDS)

    def check_running(self, *, ended: bool) -> None:
        """Raise `ChildError` with the last lines if the process has ended."""
        if ended:
            raise ChildError(f"{self.name} ended with exit code {self.exit_code}\n{self.read_last_lines()}")

    def read_last_lines(self) -> str:
        """Return the end of the output, indented, with the file's name."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-_MAX_LOG_LINES:]
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

    def _end_group(self) -> None:
        """Kill what is left of the group, once: after the group's end its id can belong to another program."""
        self._has_ended = True
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def kill(self) -> None:
        """Kill it at once, as a crash would."""
        self.wait_for_exit(grace_seconds=0)


class Children:
    """The started processes, in the order of their start."""

    def __init__(self, logs: Path, interrupts: Interrupts) -> None:
        self._logs = logs
        self._interrupts = interrupts
        self._running: list[Child] = []
        end_leftovers(logs)

    def start(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        stage: int,
        grace_seconds: float = 10,
    ) -> Child:
        """Start a process with exactly this environment; higher stages are stopped before lower ones."""
        self._logs.mkdir(parents=True, exist_ok=True)
        log = self._logs / f"{name}.log"
        with self._interrupts.defer_signals(), log.open("wb") as output:
            process = subprocess.Popen(
                list(command),
                env={**environment, "PYTHONUNBUFFERED": "1"},
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # Ctrl-C at the terminal is sent to this process only, which stops the others in order.
                start_new_session=True,
            )
            child = Child(name, process, log=log, stage=stage, grace_seconds=grace_seconds)
            self._running.append(child)
            record_process(self._logs, child.pid, command)
        return child

    def list_pids(self) -> dict[str, int]:
        """Return the process ids by name."""
        return {child.name: child.pid for child in self._running}

    def __getitem__(self, name: str) -> Child:
        """Return a running child by its name."""
        return next(child for child in self._running if child.name == name)

    def check_running(self) -> None:
        """Raise `ChildError` about the first child that has ended."""
        for child in self._running:
            child.check_running(ended=child.exit_code is not None)

    def stop(self, *names: str) -> None:
        """Stop these children at the same time."""
        stopping = [child for child in self._running if child.name in names]
        for child in stopping:
            child.terminate()
        for child in stopping:
            child.wait_for_exit(grace_seconds=child.grace_seconds)
            self._running.remove(child)
            forget_process(self._logs, child.pid)

    def stop_all(self) -> None:
        """Stop everything, the processes of the highest stage first."""
        with self._interrupts.defer_signals():
            for stage in sorted({child.stage for child in self._running}, reverse=True):
                self.stop(*(child.name for child in self._running if child.stage == stage))
