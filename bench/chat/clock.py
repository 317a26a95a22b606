"""One clock for all processes of the benchmark, and how late this process is."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

_PROBE_SECONDS = 0.02


def read_ms() -> float:
    """Return milliseconds on Linux's monotonic clock, which is the same in every process."""
    return time.monotonic_ns() / 1e6


def find_percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that is not exceeded by this part of the values; nan without values."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100).__int__() - 1)] if ordered else float("nan")


@asynccontextmanager
async def watch_lag() -> AsyncIterator[list[float]]:
    """Yield a list to which a task adds, again and again, by how many milliseconds a timer of this loop was late."""
    late: list[float] = []

    async def probe() -> None:
        while True:
            began = read_ms()
            await asyncio.sleep(_PROBE_SECONDS)
            late.append(max(0.0, read_ms() - began - _PROBE_SECONDS * 1000))

    task = asyncio.create_task(probe())
    try:
        yield late
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def describe_lag(late: Sequence[float]) -> str:
    """Return the lag in words."""
    if not late:
        return "not measured"
    return f"p50 {statistics.median(late):.1f} ms, p95 {find_percentile(late, 95):.1f} ms, max {max(late):.0f} ms"
