"""When a pool stops: once asked to finish, twice asked to end now."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager


class Stop:
    """A wish to stop, which grows: `asked` lets running handlers finish, `at_once` does not."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.at_once = asyncio.Event()

    def request(self) -> None:
        """Ask to stop; asked again, to stop at once."""
        if self.asked.is_set():
            self.at_once.set()
        self.asked.set()


@contextmanager
def stop_on_signals(stop: Stop) -> Iterator[None]:
    """Take SIGTERM and SIGINT for a request to stop, inside the `with`."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.request)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
