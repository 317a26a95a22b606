"""Measures a consumer from inside, from its first receive to its last delete; needs only the standard library."""

import asyncio
import contextlib
import http.client
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_POLL_SECONDS = 0.005


class Stopwatch:
    """Counts handled messages, and stops once the broker has deleted them all."""

    def __init__(self, queue: str, messages: int) -> None:
        self._broker = urlsplit(queue).netloc
        self._messages = messages
        self._handled = 0
        self._all_handled = asyncio.Event()
        self._wall = self._cpu = 0.0
        self._out = os.dup(sys.stdout.fileno())

    def start(self) -> None:
        """Start the measurement, immediately before the first receive."""
        self._wall, self._cpu = time.perf_counter(), _cpu_seconds()

    def count_handled(self, count: int = 1) -> None:
        """Count messages whose handler has run."""
        self._handled += count
        if self._handled >= self._messages:
            self._all_handled.set()

    async def finish(self, extra: Callable[[], dict[str, Any]] = dict) -> None:
        """Wait for the last delete, print the result, and end the process without measuring its shutdown."""
        await self._all_handled.wait()
        while self._count_deleted() < self._messages:  # noqa: ASYNC110 - another process deletes
            await asyncio.sleep(_POLL_SECONDS)
        seconds, cpu_seconds = time.perf_counter() - self._wall, _cpu_seconds() - self._cpu
        result = {"messages": self._messages, "seconds": seconds, "cpu_seconds": cpu_seconds, "rss_mb": _peak_mb()}
        os.write(self._out, f"{json.dumps(result | extra())}\n".encode())
        os._exit(0)

    def _count_deleted(self) -> int:
        with contextlib.closing(http.client.HTTPConnection(self._broker, timeout=10)) as connection:
            connection.request("GET", "/_broker/stats")
            deleted: int = json.loads(connection.getresponse().read())["deleted"]
        return deleted


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _peak_mb() -> float:
    try:
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    # getrusage would include the peak of the process that started this one.
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
