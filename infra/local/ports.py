"""Finds free TCP ports on this machine."""

import socket

HOST = "127.0.0.1"


def find_free_port(preferred: int = 0) -> int:
    """Return the preferred port if it is free, otherwise a free one."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            # As servers do: a port with connections in TIME_WAIT only counts as free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            free: int = probe.getsockname()[1]
            return free
    raise OSError("no free port on this machine")
