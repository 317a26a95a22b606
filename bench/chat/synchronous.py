"""Runs the predecessor's way of calling the model in a process, and asks it."""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

from bench.chat.clock import read_ms
from bench.chat.marks import Marks
from bench.chat.processes import ROOT, build_environment


class SynchronousCalls:
    """The process and the messages that wait for its answers."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._waiting: dict[int, tuple[Marks, asyncio.Future[None]]] = {}
        self.pid = process.pid

    async def ask(self, _visitor: int, marks: Marks) -> None:
        """Let the process ask the model, and wait until it has the answer."""
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[marks.number] = marks, ended
        marks.frame_in = read_ms()
        if self._process.stdin:
            self._process.stdin.write(f"{marks.number}\n".encode())
        await ended
        del self._waiting[marks.number]

    async def read_times(self) -> None:
        """Read what the process writes, until it ends."""
        while self._process.stdout and (line := await self._process.stdout.readline()):
            number, what, time = line.split()
            marks, ended = self._waiting[int(number)]
            if what == b"first":
                marks.first_delta = float(time)
                marks.deltas = 1
            else:
                marks.ended, marks.end = float(time), "chat.final"
                ended.set_result(None)


@asynccontextmanager
async def run_synchronous_calls(environment: Mapping[str, str]) -> AsyncIterator[SynchronousCalls]:
    """Run the process for the duration of the `async with`."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.chat.predecessor",
        cwd=ROOT,
        env=build_environment(environment),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    if not process.stdout or await process.stdout.readline() != b"ready\n":
        raise SystemExit("the synchronous calls did not start")
    calls = SynchronousCalls(process)
    reading = asyncio.create_task(calls.read_times())
    try:
        yield calls
    finally:
        reading.cancel()
        with suppress(asyncio.CancelledError):
            await reading
        process.kill()
        await process.wait()
