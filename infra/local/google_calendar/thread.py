"""Runs the stand-in in a test: the same server on a thread of the test's process."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from infra.local.google_calendar.server import open_server
from infra.local.google_calendar.standin import Standin


@contextmanager
def serve_in_thread(standin: Standin, port: int = 0) -> Iterator[str]:
    """Serve until the end of the `with`; yield the server's address.

    The client library is synchronous, so a test that calls it can't serve on its own thread.
    """
    ready = threading.Event()
    addresses: list[str] = []
    failures: list[BaseException] = []
    stop = asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with open_server(standin, port) as address:
            addresses.append(address)
            ready.set()
            await stop.wait()

    def run() -> None:
        try:
            loop.run_until_complete(serve())
        except BaseException as failure:  # noqa: BLE001  # raised again on the thread that waits
            failures.append(failure)
        finally:
            loop.close()
            ready.set()

    thread = threading.Thread(target=run, name="google-calendar", daemon=True)
    thread.start()
    ready.wait()
    if failures:
        raise failures[0]
    try:
        yield addresses[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
