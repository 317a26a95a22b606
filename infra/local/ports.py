"""Finds free TCP ports on this machine."""

import fcntl
import os
import socket
import tempfile
from pathlib import Path
from typing import IO

HOST = "127.0.0.1"

_ATTEMPTS = 100


class _Reservations:
    """The ports that processes of this project have found and may bind later.

    A port is free for everybody until its server binds it, which takes an emulator a second. Without a reservation two
    stacks that start at the same time can get one port: the second stack's emulator then ends, the first one's answers
    to both, and takes the second stack's data with it when it stops. One byte of a file is locked for each port, and
    the kernel unlocks it when the process ends.
    """

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None
        self._ports: set[int] = set()

    def includes(self, port: int) -> bool:
        """Return whether this process has reserved the port."""
        return port in self._ports

    def add(self, port: int) -> bool:
        """Reserve the port until this process ends; return False if another process has reserved it."""
        if self._file is None:
            self._file = (Path(tempfile.gettempdir()) / f"stride-ports-{os.getuid()}").open("ab")
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
        except OSError:
            return False
        self._ports.add(port)
        return True


_reservations = _Reservations()


def find_free_port(preferred: int = 0) -> int:
    """Return the preferred port if it is free, otherwise a free one.

    No other process of this project gets the port as long as this process runs. Raises `OSError` without a free port.
    """
    if preferred and _is_free(preferred) and _reservations.add(preferred):
        return preferred
    for _ in range(_ATTEMPTS):
        port = _bind(0)
        if not _reservations.includes(port) and _reservations.add(port):
            return port
    raise OSError("no free port on this machine")


def _is_free(port: int) -> bool:
    try:
        _bind(port)
    except OSError:
        return False
    return True


def _bind(port: int) -> int:
    """Bind a port for a moment, and return it; 0 stands for one that the kernel selects."""
    with socket.socket() as probe:
        # As servers do: a port with connections in TIME_WAIT only counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((HOST, port))
        bound: int = probe.getsockname()[1]
        return bound
