"""Measures how long a visitor waits until a slot is held, on a local stack: `python bench/booking.py`.

First a steady stream: visitors request different slots at a fixed rate, whether or not earlier requests have been
answered. A wait is counted from the time at which the frame was due, so a stack that falls behind can't hide it. Then
many visitors request the same slot at once.

Examples:
  python bench/booking.py                               five a second for a minute, then twenty at once
  python bench/booking.py --seconds 5                   a short run
  python bench/booking.py --per-second 10 --within 300  twice the load, compared with 300 milliseconds
  python bench/booking.py --seconds 0 --rivals 50       only the contest, with fifty visitors
"""

import argparse
import asyncio
import itertools
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.local.stack import Options, open_local_stack
from shared.json_objects import parse_json_object
from tests.e2e.booking import fresh_address
from tests.e2e.visitor import Visit, Visitor

SERVICE = "consultation"
MAX_CONCURRENT_CONNECTS = 8
WARM_UPS = 3
BAR_CELLS = 30
SETTLING_SECONDS = 1.0
"""How long the notices of the last requests are waited for, before processor time is read."""


@dataclass(frozen=True)
class Answer:
    """How one request ended, with its times in milliseconds after it was due."""

    late_ms: float
    """How late this program sent the frame."""
    ack_ms: float
    end_ms: float
    refused: str | None
    """The code of the error; None if the slot is held."""


class ProgressBar:
    """A progress bar on a terminal; elsewhere one line at the end of each step."""

    def __init__(self, title: str, total: int) -> None:
        self._title = title
        self._total = total
        self._done = 0
        self._is_terminal = sys.stderr.isatty()
        self._show()

    def advance(self) -> None:
        """Count one more."""
        self._done += 1
        self._show()

    def _show(self) -> None:
        done = self._done == self._total
        if self._is_terminal:
            cells = BAR_CELLS * self._done // max(self._total, 1)
            bar = "#" * cells + "." * (BAR_CELLS - cells)
            end = "\n" if done else ""
            print(f"\r\033[K{self._title:32}[{bar}] {self._done}/{self._total}", end=end, file=sys.stderr, flush=True)
        elif done:
            print(f"{self._title:32}{self._done}/{self._total}", file=sys.stderr)


async def ask(visitor: Visitor, start: str, *, due: float) -> Answer:
    """Request a slot when it is due; return when both the acknowledgement and the final frame have arrived."""
    await asyncio.sleep(max(0.0, due - time.perf_counter()))
    late_ms = (time.perf_counter() - due) * 1000
    request = {"start": start, "service": SERVICE, "contact": fresh_address()}
    sent = await visitor.send("booking.create", request)
    arrivals: dict[str, float] = {}
    refused: str | None = None
    while len(arrivals) < 2:
        frame = await visitor.receive()
        if frame.get("re") != sent:
            continue
        now_ms = (time.perf_counter() - due) * 1000
        if frame["type"] == "ack":
            arrivals["ack"] = now_ms
        elif frame["type"] in {"booking.pending", "error"}:
            arrivals["end"] = now_ms
            refused = frame["data"]["code"] if frame["type"] == "error" else None
            if refused and not frame.get("seq"):
                arrivals.setdefault("ack", now_ms)  # the ingress refused it, so no acknowledgement follows
    return Answer(late_ms=late_ms, ack_ms=arrivals["ack"], end_ms=arrivals["end"], refused=refused)


async def free_starts(visitor: Visitor) -> list[str]:
    """Return every start that the demo business offers."""
    question: dict[str, Any] = {"service": SERVICE, "days": 60}
    starts: list[str] = []
    while True:
        answer = (await visitor.ask("booking.slots", question, "booking.slots"))["data"]
        starts += [slot["start"] for slot in answer["slots"]]
        if "next_from" not in answer:
            return starts
        question["from"] = answer["next_from"]


@asynccontextmanager
async def connected_visitors(visit: Visit, count: int, title: str) -> AsyncIterator[Sequence[Visitor]]:
    """Connect `count` visitors, each with a separate session, and close the connections at the end."""
    bar, connect_limit = ProgressBar(title, count), asyncio.Semaphore(MAX_CONCURRENT_CONNECTS)
    async with AsyncExitStack() as connections:

        async def connect() -> Visitor:
            async with connect_limit:
                visitor: Visitor = await connections.enter_async_context(visit())
            bar.advance()
            return visitor

        yield await asyncio.gather(*(connect() for _ in range(count)))


async def run_stream(visit: Visit, pids: Mapping[str, int], starts: Sequence[str], per_second: float) -> list[Answer]:
    """Request each of the starts for another visitor, at a steady rate; print what that cost."""
    async with connected_visitors(visit, len(starts), "Connect the visitors") as visitors:
        used = read_cpu_ms(pids)
        bar = ProgressBar(f"Ask {per_second:g} times a second", len(starts))
        first_due = time.perf_counter() + 0.2

        async def ask_in_time(number: int) -> Answer:
            answer = await ask(visitors[number], starts[number], due=first_due + number / per_second)
            bar.advance()
            return answer

        answers = await asyncio.gather(*(ask_in_time(number) for number in range(len(starts))))
        await asyncio.sleep(SETTLING_SECONDS)
        report_cpu(used, read_cpu_ms(pids), len(starts))
        return answers


async def run_contest(visit: Visit, start: str, rivals: int) -> list[Answer]:
    """Let all visitors request the same start at the same time."""
    async with connected_visitors(visit, rivals, "Connect the rivals") as visitors:
        due = time.perf_counter() + 0.2
        return await asyncio.gather(*(ask(visitor, start, due=due) for visitor in visitors))


def report_stream(answers: Sequence[Answer], per_second: float, within_ms: float) -> None:
    """Print how long the visitors of the steady stream waited."""
    held = [answer for answer in answers if answer.refused is None]
    print(f"\n{len(answers)} requests, {per_second:g} a second, each with another session and address")
    print(f"{'milliseconds':36}{'p50':>8}{'p95':>8}{'p99':>8}{'max':>8}")
    print_waits("booking.create to ack", [answer.ack_ms for answer in answers])
    print_waits("booking.create to booking.pending", [answer.end_ms for answer in held])
    in_time = sum(answer.end_ms <= within_ms for answer in held)
    print(f"held within {within_ms:g} ms: {in_time} of {len(answers)} ({in_time / len(answers):.1%})")
    refusals = sorted(answer.refused for answer in answers if answer.refused)
    counts = ", ".join(f"{code} {len(list(group))}" for code, group in itertools.groupby(refusals))
    print(f"refused: {len(refusals)}" + (f" ({counts})" if counts else ""))
    print(f"sent late by this program: {max(answer.late_ms for answer in answers):.1f} ms at most")


def report_contest(answers: Sequence[Answer]) -> None:
    """Print how many visitors got the slot, and when the last refusal arrived."""
    winners = [answer for answer in answers if answer.refused is None]
    losers = [answer for answer in answers if answer.refused == "SLOT_TAKEN"]
    others = len(answers) - len(winners) - len(losers)
    print(f"\n{len(answers)} visitors requested the same slot at once")
    print(f"winners: {len(winners)}, refused with SLOT_TAKEN: {len(losers)}, others: {others}")
    if winners and losers:
        last = max(answer.end_ms for answer in losers)
        print(f"answer to the winner after {winners[0].end_ms:.0f} ms, last refusal after {last:.0f} ms")


def print_waits(name: str, values: Sequence[float]) -> None:
    """Print one row of the table."""
    if len(values) < 2:
        print(f"{name:36}{'too few values':>32}")
        return
    percentiles = statistics.quantiles(values, n=100, method="inclusive")
    row = (statistics.median(values), percentiles[94], percentiles[98], max(values))
    print(f"{name:36}" + "".join(f"{value:8.0f}" for value in row))


def report_pool(log: Path, requests: int) -> None:
    """Print how long the last requests waited in the emulator's queue, and how long the pool took for them.

    The pool's time is from the receipt of the command until its frame is posted, the emulator's answers included.
    """
    entries = [parse_json_object(line) or {} for line in log.read_text().splitlines()]
    ends = [one for one in entries if one.get("event") == "delivery_finished" and one.get("type") == "booking.create"]
    print_waits("sent to received by the pool", [one["lag_ms"] for one in ends[-requests:]])
    print_waits("received to posted by the pool", [one["duration_ms"] for one in ends[-requests:]])


def read_cpu_ms(pids: Mapping[str, int]) -> dict[str, float]:
    """Return the processor time that each process has used, without its children; nothing where there is no /proc."""
    used: dict[str, float] = {}
    for name, pid in pids.items():
        stat = Path(f"/proc/{pid}/stat")
        if stat.exists():
            user, system = stat.read_text().rpartition(")")[2].split()[11:13]
            used[name] = (int(user) + int(system)) * 1000 / os.sysconf("SC_CLK_TCK")
    return used


def report_cpu(before: Mapping[str, float], after: Mapping[str, float], requests: int) -> None:
    """Print the processor time per request of each process that used any."""
    costs = {name: (after[name] - before[name]) / requests for name in before if name in after}
    listed = ", ".join(f"{name} {cost:.0f}" for name, cost in sorted(costs.items()) if cost >= 0.5)
    print(f"processor time in milliseconds per request: {listed}")


async def measure(visit: Visit, pids: Mapping[str, int], log: Path, arguments: argparse.Namespace) -> int:
    """Run both parts; return by how many the winners of the contest differ from one, or 0 without a contest."""
    request_count = round(arguments.seconds * arguments.per_second)
    async with visit() as visitor:
        starts = await free_starts(visitor)
    if len(starts) < request_count + WARM_UPS + 1:
        max_seconds = (len(starts) - WARM_UPS - 1) / arguments.per_second
        raise SystemExit(f"the demo business has {len(starts)} free slots, enough for {max_seconds:.0f} seconds")
    # The first requests fill caches, which are warm in production, too.
    for start in starts[:WARM_UPS]:
        async with visit() as visitor:
            await ask(visitor, start, due=time.perf_counter())
    if request_count:
        report_stream(
            await run_stream(visit, pids, starts[WARM_UPS:-1][:request_count], arguments.per_second),
            arguments.per_second,
            arguments.within,
        )
        report_pool(log, request_count)
    if not arguments.rivals:
        return 0
    answers = await run_contest(visit, starts[-1], arguments.rivals)
    report_contest(answers)
    return abs(sum(answer.refused is None for answer in answers) - 1)


def main() -> None:
    """Run the stack, print the figures, and fail unless the contested slot had exactly one winner."""
    parser = argparse.ArgumentParser(
        prog="bench/booking.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60, help="how long the stream lasts (default: 60; 0: none)")
    parser.add_argument("--per-second", type=float, default=5, help="requests a second (default: 5)")
    parser.add_argument("--within", type=float, default=300, help="goal in milliseconds (default: 300)")
    parser.add_argument("--rivals", type=int, default=20, help="visitors of the contest (default: 20; 0: no contest)")
    arguments = parser.parse_args()
    if arguments.seconds < 0 or arguments.per_second <= 0 or arguments.rivals < 0:
        parser.error("--seconds and --rivals can't be negative, and --per-second must be more than 0")
    with tempfile.TemporaryDirectory() as folder:
        print("Start the local stack", file=sys.stderr)
        with open_local_stack(Options(folder=Path(folder), site=False, desk=False)) as stack:
            description = stack.describe()
            visit = Visit(description["websocket_url"], description["tenant"], description["site_url"])
            deviation = asyncio.run(
                measure(visit, description["pids"], Path(folder) / "logs" / "booking.log", arguments)
            )
    if deviation:
        sys.exit("a contested slot must have exactly one winner")


if __name__ == "__main__":
    main()
