"""How long a visitor waits for a time to be held, on a local stack: `python bench/booking.py`.

First a steady stream: each visitor asks for a time of their own when their turn comes, whether or not the visitors
before have been answered. A wait counts from the moment at which the frame was due, so a stack that falls behind can't
hide it. Then many visitors ask for one and the same time at once.

Examples:
  python bench/booking.py                               five a second for a minute, then twenty at once
  python bench/booking.py --seconds 5                   a short try
  python bench/booking.py --per-second 10 --within 300  twice the load, held against 300 milliseconds
  python bench/booking.py --seconds 0 --rivals 50       only the contest, with fifty visitors
"""

import argparse
import asyncio
import itertools
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.local.stack import Options, local_stack
from tests.e2e.booking import fresh_address
from tests.e2e.visitor import Visit, Visitor

SERVICE = "consultation"
CONNECTING_AT_ONCE = 8
WARM_UPS = 3
BAR_CELLS = 30


@dataclass(frozen=True)
class Answer:
    """How one wish ended, and when, in milliseconds after it was due."""

    late_ms: float
    """How late the frame was sent: this side's own fault."""
    ack_ms: float
    end_ms: float
    refused: str | None
    """The code of the error; None where the time is held."""


class Bar:
    """A progress bar where somebody is watching; elsewhere one line at the end of each step."""

    def __init__(self, title: str, total: int) -> None:
        self._title = title
        self._total = total
        self._done = 0
        self._seen = sys.stderr.isatty()
        self._show()

    def advance(self) -> None:
        """Count one more."""
        self._done += 1
        self._show()

    def _show(self) -> None:
        done = self._done == self._total
        if self._seen:
            cells = BAR_CELLS * self._done // max(self._total, 1)
            bar = "#" * cells + "." * (BAR_CELLS - cells)
            end = "\n" if done else ""
            print(f"\r\033[K{self._title:32}[{bar}] {self._done}/{self._total}", end=end, file=sys.stderr, flush=True)
        elif done:
            print(f"{self._title:32}{self._done}/{self._total}", file=sys.stderr)


async def ask(visitor: Visitor, start: str, *, due: float) -> Answer:
    """Ask for a time when it is due; return once both the acknowledgement and the end have come."""
    await asyncio.sleep(max(0.0, due - time.perf_counter()))
    late_ms = (time.perf_counter() - due) * 1000
    wish = {"start": start, "service": SERVICE, "contact": fresh_address()}
    sent = await visitor.send("booking.create", wish)
    came: dict[str, float] = {}
    refused: str | None = None
    while len(came) < 2:
        frame = await visitor.receive()
        if frame.get("re") != sent:
            continue
        now_ms = (time.perf_counter() - due) * 1000
        if frame["type"] == "ack":
            came["ack"] = now_ms
        elif frame["type"] in {"booking.pending", "error"}:
            came["end"] = now_ms
            refused = frame["data"]["code"] if frame["type"] == "error" else None
            if refused and not frame.get("seq"):
                came.setdefault("ack", now_ms)  # refused at the door: there will be no acknowledgement
    return Answer(late_ms=late_ms, ack_ms=came["ack"], end_ms=came["end"], refused=refused)


async def free_starts(visitor: Visitor) -> list[str]:
    """Return every start that the demo business offers."""
    question: dict[str, Any] = {"service": SERVICE, "days": 60}
    starts: list[str] = []
    while True:
        listed = (await visitor.ask("booking.slots", question, "booking.slots"))["data"]
        starts += [slot["start"] for slot in listed["slots"]]
        if "next_from" not in listed:
            return starts
        question["from"] = listed["next_from"]


@asynccontextmanager
async def audience(visit: Visit, count: int, title: str) -> AsyncIterator[Sequence[Visitor]]:
    """Connect so many visitors, each with a session of their own, before any of them asks for anything."""
    bar, gate = Bar(title, count), asyncio.Semaphore(CONNECTING_AT_ONCE)
    async with AsyncExitStack() as connections:

        async def connect() -> Visitor:
            async with gate:
                visitor: Visitor = await connections.enter_async_context(visit())
            bar.advance()
            return visitor

        yield await asyncio.gather(*(connect() for _ in range(count)))


async def stream(visit: Visit, starts: Sequence[str], per_second: float) -> list[Answer]:
    """Let a visitor ask for each of the starts, evenly spread over time."""
    async with audience(visit, len(starts), "Connect the visitors") as visitors:
        bar = Bar(f"Ask {per_second:g} times a second", len(starts))
        begin = time.perf_counter() + 0.2

        async def one(number: int) -> Answer:
            answer = await ask(visitors[number], starts[number], due=begin + number / per_second)
            bar.advance()
            return answer

        return await asyncio.gather(*(one(number) for number in range(len(starts))))


async def contest(visit: Visit, start: str, rivals: int) -> list[Answer]:
    """Let everybody ask for the same start at the same time."""
    async with audience(visit, rivals, "Connect the rivals") as visitors:
        due = time.perf_counter() + 0.2
        return await asyncio.gather(*(ask(visitor, start, due=due) for visitor in visitors))


def report_stream(answers: Sequence[Answer], per_second: float, within_ms: float) -> None:
    """Print what the steady stream waited for."""
    held = [answer for answer in answers if answer.refused is None]
    print(f"\n{len(answers)} wishes, {per_second:g} a second, each from a session and an address of its own")
    print(f"{'milliseconds':36}{'p50':>8}{'p95':>8}{'p99':>8}{'max':>8}")
    print_waits("booking.create to ack", [answer.ack_ms for answer in answers])
    print_waits("booking.create to booking.pending", [answer.end_ms for answer in held])
    in_time = sum(answer.end_ms <= within_ms for answer in held)
    print(f"held within {within_ms:g} ms: {in_time} of {len(answers)} ({in_time / len(answers):.1%})")
    refusals = sorted(answer.refused for answer in answers if answer.refused)
    told = ", ".join(f"{code} {len(list(group))}" for code, group in itertools.groupby(refusals))
    print(f"refused: {len(refusals)}" + (f" ({told})" if told else ""))
    print(f"sent late by this program: {max(answer.late_ms for answer in answers):.1f} ms at most")


def report_contest(answers: Sequence[Answer]) -> None:
    """Print who won, and when the last one heard that it was lost."""
    winners = [answer for answer in answers if answer.refused is None]
    losers = [answer for answer in answers if answer.refused == "SLOT_TAKEN"]
    print(f"\n{len(answers)} visitors for the same time at once")
    print(
        f"winners: {len(winners)}, told SLOT_TAKEN: {len(losers)}, others: {len(answers) - len(winners) - len(losers)}"
    )
    if winners and losers:
        last = max(answer.end_ms for answer in losers)
        print(f"the winner heard after {winners[0].end_ms:.0f} ms, the last loser after {last:.0f} ms")


def print_waits(name: str, values: Sequence[float]) -> None:
    """Print one row of the table."""
    if len(values) < 2:
        print(f"{name:36}{'too few to say':>32}")
        return
    percentiles = statistics.quantiles(values, n=100, method="inclusive")
    row = (statistics.median(values), percentiles[94], percentiles[98], max(values))
    print(f"{name:36}" + "".join(f"{value:8.0f}" for value in row))


async def measure(visit: Visit, arguments: argparse.Namespace) -> int:
    """Run both parts; return how many times more than one visitor got a time, or none did."""
    wishes = round(arguments.seconds * arguments.per_second)
    async with visit() as visitor:
        starts = await free_starts(visitor)
    if len(starts) < wishes + WARM_UPS + 1:
        most = (len(starts) - WARM_UPS - 1) / arguments.per_second
        raise SystemExit(f"the demo business has {len(starts)} free times: at this rate enough for {most:.0f} seconds")
    # Caches are warm before it counts, as they are on any day but the first.
    for start in starts[:WARM_UPS]:
        async with visit() as visitor:
            await ask(visitor, start, due=time.perf_counter())
    if wishes:
        report_stream(
            await stream(visit, starts[WARM_UPS:-1][:wishes], arguments.per_second),
            arguments.per_second,
            arguments.within,
        )
    if not arguments.rivals:
        return 0
    answers = await contest(visit, starts[-1], arguments.rivals)
    report_contest(answers)
    return abs(sum(answer.refused is None for answer in answers) - 1)


def main() -> None:
    """Run the stack, print the figures, and fail if a contested time had not exactly one winner."""
    parser = argparse.ArgumentParser(
        prog="bench/booking.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60, help="how long the stream lasts (default: 60; 0: none)")
    parser.add_argument("--per-second", type=float, default=5, help="wishes a second (default: 5)")
    parser.add_argument("--within", type=float, default=300, help="milliseconds that are in time (default: 300)")
    parser.add_argument("--rivals", type=int, default=20, help="visitors for the same time (default: 20; 0: none)")
    arguments = parser.parse_args()
    if arguments.seconds < 0 or arguments.per_second <= 0 or arguments.rivals < 0:
        parser.error("--seconds and --rivals can't be negative, and --per-second must be more than 0")
    with tempfile.TemporaryDirectory() as folder:
        print("Start the local stack", file=sys.stderr)
        with local_stack(Options(folder=Path(folder), site=False, desk=False)) as stack:
            found = stack.describe()
            visit = Visit(found["websocket_url"], found["tenant"], found["site_url"])
            wrong = asyncio.run(measure(visit, arguments))
    if wrong:
        sys.exit("a contested time must have exactly one winner")


if __name__ == "__main__":
    main()
