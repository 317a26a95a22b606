"""Records the processes that a stack starts, and ends those that a killed stack left running."""

import contextlib
import os
import signal
from collections.abc import Sequence
from pathlib import Path

_PROCESSES = Path("/proc")


def record_process(folder: Path, pid: int, command: Sequence[str]) -> None:
    """Record a started process."""
    _get_record_path(folder, pid).write_text("\0".join(command), encoding="utf-8")


def forget_process(folder: Path, pid: int) -> None:
    """Delete the record of a process that has ended."""
    _get_record_path(folder, pid).unlink(missing_ok=True)


def end_leftovers(folder: Path) -> None:
    """End the recorded processes that still run.

    A process is ended only if it has the recorded command, because its id may belong to another program by now. Without
    /proc the command can't be read, and no process is ended.
    """
    for file in folder.glob("*.pid"):
        pid = int(file.stem)
        with contextlib.suppress(OSError):
            running = (_PROCESSES / str(pid) / "cmdline").read_text(encoding="utf-8").rstrip("\0")
            if running == file.read_text(encoding="utf-8"):
                os.killpg(pid, signal.SIGKILL)
        file.unlink(missing_ok=True)


def _get_record_path(folder: Path, pid: int) -> Path:
    return folder / f"{pid}.pid"
