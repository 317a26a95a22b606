"""Starts the stack's processes, starts them again after a crash, and stops them in order."""

import contextlib
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from infra.local.child import Child, Launch
from infra.local.guard import Guard
from infra.local.interrupts import Interrupts
from infra.local.leftovers import end_leftovers, forget_process, record_process

ROOT = Path(__file__).parents[2]

_WAIT_FOR_LINE = 'read -r _ || exit 1; exec "$@" </dev/null'
"""A shell that becomes the process after a line on its input, and ends if the input is closed before."""


class Children:
    """The started processes, in the order of their start."""

    def __init__(self, logs: Path, interrupts: Interrupts, guard: Guard | None = None) -> None:
        self._logs = logs
        self._interrupts = interrupts
        self._running: list[Child] = []
        self._guard = guard or Guard()
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
        launch = Launch(name, tuple(command), environment, stage, grace_seconds)
        with self._interrupts.defer_signals():
            (self._logs / f"{name}.log").write_bytes(b"")
            child = self._launch(launch)
            self._running.append(child)
        return child

    def restart(self, ended: Child) -> Child:
        """Start a process that has ended again, with the same command and environment; its log continues."""
        with self._interrupts.defer_signals():
            forget_process(self._logs, ended.pid)
            self._guard.forget(ended.pid)
            child = self._launch(ended.launch)
            self._running[self._running.index(ended)] = child
        return child

    def _launch(self, launch: Launch) -> Child:
        log = self._logs / f"{launch.name}.log"
        with log.open("ab") as output:
            offset = output.tell()
            process = subprocess.Popen(
                ["/bin/sh", "-c", _WAIT_FOR_LINE, "sh", *launch.command],
                env={**launch.environment, "PYTHONUNBUFFERED": "1"},
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                # Ctrl-C at the terminal is sent to this process only, which stops the others in order.
                start_new_session=True,
            )
        # If this process is killed before the guard knows the new one, that one never runs its command.
        self._guard.watch(process.pid)
        record_process(self._logs, process.pid, launch.command)
        _let_run(process)
        return Child(launch, process, log=log, log_offset=offset)

    def list_pids(self) -> dict[str, int]:
        """Return the process ids by name."""
        return {child.name: child.pid for child in self._running}

    def list_all(self) -> tuple[Child, ...]:
        """Return the processes that were started and not stopped, also those that have ended."""
        return tuple(self._running)

    def __getitem__(self, name: str) -> Child:
        """Return a running child by its name."""
        return next(child for child in self._running if child.name == name)

    def check_running(self) -> None:
        """Raise `ChildError` about the first child that has ended."""
        for child in self._running:
            child.check_running(ended=child.exit_code is not None)

    def check_guard(self) -> None:
        """Start the guard again if it was killed."""
        self._guard.check()

    def stop(self, *names: str) -> None:
        """Stop these children at the same time."""
        stopping = [child for child in self._running if child.name in names]
        for child in stopping:
            child.terminate()
        for child in stopping:
            child.wait_for_exit(grace_seconds=child.launch.grace_seconds)
            self._running.remove(child)
            forget_process(self._logs, child.pid)
            self._guard.forget(child.pid)

    def stop_all(self) -> None:
        """Stop everything, the processes of the highest stage first."""
        with self._interrupts.defer_signals():
            for stage in sorted({child.launch.stage for child in self._running}, reverse=True):
                self.stop(*(child.name for child in self._running if child.launch.stage == stage))
            self._guard.close()


def _let_run(process: "subprocess.Popen[bytes]") -> None:
    pipe = process.stdin
    # It may have been killed by now.
    with contextlib.suppress(BrokenPipeError):
        if pipe:
            os.write(pipe.fileno(), b"\n")
    if pipe:
        pipe.close()
