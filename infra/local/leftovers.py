"""Records the processes that a stack starts, and ends those that a killed stack left running."""

import contextlib
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

_PROCESSES = Path("/proc")
_END_SECONDS = 5.0
_POLL_SECONDS = 0.01


def record_process(folder: Path, pid: int, command: Sequence[str]) -> None:
    """Record a started process."""
    _get_record_path(folder, pid).write_text("\0".join(command), encoding="utf-8")


def forget_process(folder: Path, pid: int) -> None:
    """Delete the record of a process that has ended."""
    _get_record_path(folder, pid).unlink(missing_ok=True)


def end_leftovers(folder: Path) -> None:
    """End the recorded processes that still run, and wait until they have gone: their ports are used again.

    A process is ended only if it has the recorded command, because its id may belong to another program by now. Without
    /proc the command can't be read, and no process is ended; the guard has done it then.
    """
    killed = []
    for file in folder.glob("*.pid"):
        pid = int(file.stem)
        with contextlib.suppress(OSError):
            if _read_command(pid) == file.read_text(encoding="utf-8"):
                os.killpg(pid, signal.SIGKILL)
                killed.append(pid)
        file.unlink(missing_ok=True)
    end = time.monotonic() + _END_SECONDS
    while any(map(_is_running, killed)) and time.monotonic() < end:
        time.sleep(_POLL_SECONDS)


def _read_command(pid: int) -> str:
    """Return the command of a process, with the separators of the record; empty for one that has ended."""
    try:
        return (_PROCESSES / str(pid) / "cmdline").read_text(encoding="utf-8").rstrip("\0")
    except OSError:
        return ""


def _is_running(pid: int) -> bool:
    """Return whether a process still has files and ports; one that nobody has waited for has none, as a zombie."""
    try:
        stat = (_PROCESSES / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    # After the name in parentheses, which may contain anything: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
    return stat.rpartition(")")[2].split()[0] not in {"Z", "X"}


def _get_record_path(folder: Path, pid: int) -> Path:
    return folder / f"{pid}.pid"
