"""Remembers which processes a stack started, and ends those that a killed stack left behind."""

import contextlib
import os
import signal
from collections.abc import Sequence
from pathlib import Path

_PROCESSES = Path("/proc")


def note(folder: Path, pid: int, command: Sequence[str]) -> None:
    """Remember a process."""
    _file(folder, pid).write_text("\0".join(command), encoding="utf-8")


def forget(folder: Path, pid: int) -> None:
    """Forget a process that has ended."""
    _file(folder, pid).unlink(missing_ok=True)


def end_leftovers(folder: Path) -> None:
    """End what is remembered and still runs.

    Only a process with the very command that was noted: its id may be another program's by now. Without a /proc
    nothing can be said about that, and nothing is ended.
    """
    for file in folder.glob("*.pid"):
        pid = int(file.stem)
        with contextlib.suppress(OSError):
            running = (_PROCESSES / str(pid) / "cmdline").read_text(encoding="utf-8").rstrip("\0")
            if running == file.read_text(encoding="utf-8"):
                os.killpg(pid, signal.SIGKILL)
        file.unlink(missing_ok=True)


def _file(folder: Path, pid: int) -> Path:
    return folder / f"{pid}.pid"
