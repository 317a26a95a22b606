"""Ends the stack's processes after their parent was killed: a process that waits for the end of a pipe.

PR_SET_PDEATHSIG does this on Linux alone, and not for grandchildren. A pipe is closed by every kernel, whatever ends
the process that holds it. The guard is this file, without the rest of the project.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from typing import IO

GRACE_SECONDS = 3.0
"""The emulator writes its data when it ends, and pools finish their messages."""

_POLL_SECONDS = 0.05


class Guard:
    """The parent's side. The guard is started with the first process, and again if somebody ends it."""

    def __init__(self, *, close_seconds: float = GRACE_SECONDS + 2) -> None:
        """`close_seconds`: how long `close` waits for the guard's end before it kills it."""
        self._close_seconds = close_seconds
        self._groups: set[int] = set()
        self._process: subprocess.Popen[bytes] | None = None

    def watch(self, group: int) -> None:
        """End this process group when the process that calls this has ended."""
        self._groups.add(group)
        self._send(f"+{group}\n")

    def forget(self, group: int) -> None:
        """Leave the group alone from now on: its id can belong to another program."""
        self._groups.discard(group)
        if self._process:
            self._send(f"-{group}\n")

    def check(self) -> None:
        """Start the guard again if it has ended."""
        if self._process and self._process.poll() is not None:
            self._start()

    def close(self) -> None:
        """End the guard; the groups that it still watches are ended too."""
        if self._process:
            _get_pipe(self._process).close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(self._close_seconds)
            # A guard that does not end must not keep its parent from ending.
            self._process.kill()
            self._process.wait()
            self._process = None

    @property
    def pid(self) -> int | None:
        """Return the guard's process id; None while it does not run."""
        return self._process.pid if self._process else None

    def _send(self, line: str) -> None:
        if self._process:
            with contextlib.suppress(BrokenPipeError):
                os.write(_get_pipe(self._process).fileno(), line.encode())
                return
        # The groups include the new one.
        self._start()

    def _start(self) -> None:
        if self._process:
            _get_pipe(self._process).close()
            self._process.wait()
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # A signal to the group of the parent is not meant for the guard.
            start_new_session=True,
        )
        lines = "".join(f"+{group}\n" for group in sorted(self._groups))
        os.write(_get_pipe(self._process).fileno(), lines.encode())


def end_groups(groups: Iterable[int]) -> None:
    """Ask the leaders of these process groups to end, and kill the groups after the grace period."""
    left = set(groups)
    for group in left:
        _send_signal(os.kill, group, signal.SIGTERM)
    end = time.monotonic() + GRACE_SECONDS
    while left and time.monotonic() < end:
        for group in sorted(left):
            if not _send_signal(os.kill, group, 0):
                # Its leader has ended; the functions of an emulator may not have.
                _send_signal(os.killpg, group, signal.SIGKILL)
                left.discard(group)
        time.sleep(_POLL_SECONDS)
    for group in left:
        _send_signal(os.killpg, group, signal.SIGKILL)


def _send_signal(send: Callable[[int, int], None], target: int, number: int) -> bool:
    """Return whether the target exists."""
    try:
        send(target, number)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _get_pipe(process: "subprocess.Popen[bytes]") -> IO[bytes]:
    pipe = process.stdin
    if pipe is None:
        raise ValueError("the guard was started without a pipe")
    return pipe


def main() -> None:
    """Wait for the end of the input, whose lines are `+GROUP` and `-GROUP`, and end the groups that are left."""
    groups: set[int] = set()
    for line in sys.stdin:
        group = int(line[1:])
        (groups.add if line[0] == "+" else groups.discard)(group)
    end_groups(groups)


if __name__ == "__main__":
    main()
