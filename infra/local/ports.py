"""Finds free TCP ports on this machine."""

import socket

HOST = "127.0.0.1"


def free_port(wanted: int = 0) -> int:
    """Return the wanted port if it is free, else one that is."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            # What a server would do: a port whose last connections are still fading out counts as free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            free: int = probe.getsockname()[1]
            return free
    raise OSError("no free port on this machine")
