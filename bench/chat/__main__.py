"""Measures the first words of chat's answers: `python -m bench.chat`.

The pool is the real one, `python -m workers.chat`, and frames come in at the real ingress. Around it are the fast SQS
of the tests, tables in memory, and stubs of S3, the management endpoint and Bedrock, each over real HTTP. "Ours" is the
time from the frame at the ingress to the first delta at the management endpoint, without the model's own time from the
request to its first words. First some conversations at once, beside one synchronous `converse_stream` of boto3 a
message; then many open streams.

Examples:
  python -m bench.chat                               20 conversations for 20 s, twice, then 500 open streams
  python -m bench.chat --seconds 10 --streams 0      a short run, only the conversations
  python -m bench.chat --seconds 0 --streams 200     only the streams
  python -m bench.chat --timeline                    also each call of one message, in its order
"""

import argparse
import asyncio
import math
import os
import random
import signal
import statistics
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import uvloop

from bench.chat.clock import describe_lag, find_percentile, read_ms, watch_lag
from bench.chat.marks import Marks, list_ours_ms
from bench.chat.model import Pace
from bench.chat.processes import count_problems, read_cpu, read_memory_kb, run_pool
from bench.chat.synchronous import run_synchronous_calls
from bench.chat.visitors import Ask, arrive_steadily, converse_at_once
from bench.chat.world import World, open_world

WARM_UP_SECONDS = 3.0


class Bench:
    """One run."""

    def __init__(self, world: World, options: argparse.Namespace) -> None:
        self._world = world
        self._options = options
        self._chance = random.Random(options.seed)
        self._next_visitor = 1

    def take_visitors(self, count: int) -> int:
        """Return the number of the first of so many new visitors."""
        first, self._next_visitor = self._next_visitor, self._next_visitor + count
        return first

    async def converse(self, name: str, ask: Ask, pid: int, *, seconds: float, quiet: bool = False) -> None:
        """Measure conversations at once."""
        count = self._options.conversations
        before = read_cpu(pid)
        async with watch_lag() as late:
            asked = await converse_at_once(
                ask,
                self._world.book,
                conversations=count,
                seconds=seconds,
                chance=self._chance,
                first_visitor=self.take_visitors(count),
            )
        if not quiet:
            used = read_cpu(pid) - before
            print(
                f"{name:26}{describe_waits(asked)}{used.user_ms / len(asked):9.1f}{used.system_ms / len(asked):8.1f}"
                f"   {len(asked)} messages; lag of this process: {describe_lag(late)}",
                flush=True,
            )

    async def stream(self, name: str, ask: Ask, pid: int) -> None:
        """Measure many open streams: so many a second that they are open at once, and then so many more."""
        options, model = self._options, self._world.model
        idle_kb = read_memory_kb(pid)
        pace = model.pace
        model.pace = Pace(pace.first_token_ms, round(options.stream_seconds * options.events), options.events)
        per_second = options.streams / options.stream_seconds
        first = self.take_visitors(100_000)
        _, filling = await arrive_steadily(
            ask, self._world.book, per_second=per_second, seconds=options.stream_seconds, first_visitor=first
        )
        before, events, posts = read_cpu(pid), model.events, sum(self._world.management.posts.values())
        calls, began = sum(self._world.tables.calls.values()), read_ms()
        async with watch_lag() as late:
            asked, more = await arrive_steadily(
                ask,
                self._world.book,
                per_second=per_second,
                seconds=options.stream_for,
                first_visitor=first + len(filling),
            )
        used, seconds, open_streams = read_cpu(pid) - before, (read_ms() - began) / 1000, model.open_streams
        grown_kb = read_memory_kb(pid) - idle_kb
        events, posts = model.events - events, sum(self._world.management.posts.values()) - posts
        calls = sum(self._world.tables.calls.values()) - calls
        print(
            f"{name:26}{describe_waits(asked)}   {len(asked)} messages; lag of this process: {describe_lag(late)}\n"
            f"  {open_streams} open streams, {per_second:g} new a second for {seconds:.0f} s\n"
            f"  memory: {grown_kb / max(open_streams, 1):.0f} KB a stream ({idle_kb / 1024:.0f} MB before,"
            f" {(idle_kb + grown_kb) / 1024:.0f} MB with them)\n"
            f"  processor: {used.user_ms / seconds / 10:.0f} % of a core user, {used.system_ms / seconds / 10:.0f} %"
            f" system; events of the model {events / seconds:.0f}/s, posts {posts / seconds:.0f}/s,"
            f" calls of tables {calls / seconds:.0f}/s",
            flush=True,
        )
        await asyncio.gather(*filling, *more)
        failed = sum(one.end != "chat.final" for one in asked)
        print(f"  ended with chat.final: {len(asked) - failed} of {len(asked)}", flush=True)
        model.pace = pace


def describe_waits(asked: Sequence[Marks]) -> str:
    """Return the columns of a row: p50 and p95 of ours, and p50 of the acknowledgement."""
    ours = list_ours_ms(asked)
    acknowledged = [one.acknowledged - one.frame_in for one in asked if not math.isnan(one.acknowledged)]
    ack = f"{statistics.median(acknowledged):9.1f}" if acknowledged else f"{'-':>9}"
    return f"{find_percentile(ours, 50):9.1f}{find_percentile(ours, 95):9.1f}{ack}"


async def show_timeline(bench: Bench, world: World, *, pid: int) -> None:
    """Print when one message made each of its calls."""
    del pid
    world.tables.timeline = []
    asked = await converse_at_once(
        world.visitors.ask,
        world.book,
        conversations=1,
        seconds=1.6,
        chance=random.Random(1),
        first_visitor=bench.take_visitors(1),
    )
    marks = asked[-1]
    events = [(at, call) for at, call in world.tables.timeline if at >= marks.frame_in]
    names = ("acknowledged", "asked", "first_token", "first_delta", "ended")
    events += [(getattr(marks, name), name.upper()) for name in names]
    for at, call in sorted(events):
        print(f"{at - marks.frame_in:9.1f} ms  {call}")
    world.tables.timeline = None


async def run(options: argparse.Namespace) -> None:
    """Measure and print."""
    if task := asyncio.current_task():
        # Without this a SIGTERM would leave the pool behind.
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    pace = Pace(options.first_token_ms)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        world = await stack.enter_async_context(
            open_world(table_latency_ms=options.table_ms, post_latency_ms=options.post_ms, pace=pace)
        )
        pool_environment = {
            **world.environment,
            "LOG_LEVEL": "INFO",
            "POOL_CONCURRENCY": str(options.concurrency),
            # All visitors are of one business and at one address; others are not measured.
            "POOL_TENANT_SHARE": "1",
            "POOL_ADDRESS_SHARE": "1",
        }
        log = Path(options.log) if options.log else folder / "pool.log"
        pool = await stack.enter_async_context(run_pool(pool_environment, log))
        bench = Bench(world, options)
        print(
            f"pool: python -m workers.chat, concurrency {options.concurrency}; frames at the real ingress, on threads\n"
            f"around it, over HTTP: the tests' SQS; tables in memory, {options.table_ms:g} ms a call; stubs of S3, of "
            f"the management endpoint ({options.post_ms:g} ms a post)\n"
            f"and of Bedrock (event stream, first words after {options.first_token_ms:g} ms); seed {options.seed}; "
            f"load of the machine's {os.cpu_count()} cores: {os.getloadavg()[0]:.1f}\n\n"
            f"{'first words, ms':26}{'p50':>9}{'p95':>9}{'ack p50':>9}{'user':>9}{'system':>8}   CPU ms a message"
        )
        await bench.converse("", world.visitors.ask, pool, seconds=WARM_UP_SECONDS, quiet=True)
        if options.timeline:
            await show_timeline(bench, world, pid=pool)
        if options.seconds:
            async with run_synchronous_calls(world.environment) as synchronous:
                await bench.converse("", synchronous.ask, synchronous.pid, seconds=WARM_UP_SECONDS, quiet=True)
                for number in range(options.rounds):
                    name = f"{options.conversations} conversations, round {number + 1}"
                    await bench.converse(name, world.visitors.ask, pool, seconds=options.seconds)
                    if not options.alone:
                        await bench.converse(
                            "  boto3, one call each", synchronous.ask, synchronous.pid, seconds=options.seconds
                        )
        if options.streams:
            await bench.stream(f"{options.streams} open streams", world.visitors.ask, pool)
        if problems := count_problems(log):
            print("warnings and errors of the pool:", ", ".join(f"{name} {count}" for name, count in problems.items()))


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.chat", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=20, help="length of each round (default: 20; 0: none)")
    parser.add_argument("--rounds", type=int, default=2, help="rounds of each, alternating (default: 2)")
    parser.add_argument("--conversations", type=int, default=20, help="conversations at once (default: 20)")
    parser.add_argument("--concurrency", type=int, default=600, help="of the pool (default: 600)")
    parser.add_argument(
        "--streams", type=int, default=500, help="open streams of the last part (default: 500; 0: none)"
    )
    parser.add_argument("--stream-seconds", type=float, default=50, help="length of a stream (default: 50)")
    parser.add_argument("--stream-for", type=float, default=20, help="seconds with all of them open (default: 20)")
    parser.add_argument("--events", type=float, default=10, help="events a second of each stream (default: 10)")
    parser.add_argument("--first-token-ms", type=float, default=300, help="the model's own time (default: 300)")
    parser.add_argument("--table-ms", type=float, default=4, help="of each call of a table (default: 4)")
    parser.add_argument("--post-ms", type=float, default=0, help="of each post (default: 0)")
    parser.add_argument("--seed", type=int, default=1, help="of the visitors' pauses (default: 1)")
    parser.add_argument("--alone", action="store_true", help="leave the synchronous calls out")
    parser.add_argument("--timeline", action="store_true", help="print the calls of one message")
    parser.add_argument("--log", help="keep the log of the pool in this file")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
