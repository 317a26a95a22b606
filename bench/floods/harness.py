"""Runs the floods one after the other, beside visitors of others."""

import asyncio
import json
import math
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from bench.chat.clock import describe_lag, read_ms, watch_lag
from bench.floods.floods import KINDS, MARK, Crowd, What, list_rows
from bench.floods.report import Row, format_all_waits
from bench.floods.starts import list_starts
from bench.floods.visitors import Pace, Traffic, Waits
from bench.floods.world import DEMO, World

_CONTROL = "control"
"""The business of the sender beside which is measured how long others wait without a flood."""
QUIET = tuple(f"quiet-{number}" for number in range(6))
_CAPACITY_SECONDS, _CAPACITY_VISITORS = 4.0, 8
_EMULATOR_SHARE = 0.3
_EMULATOR_PACE, _EMULATOR_SECONDS = Pace(1.2, 0.8, 0.6), 8.0
"""About a quarter of what the emulator can carry: with more, a flood of three tenths would fill it."""
_SETTLE_SECONDS = 1.5


@dataclass(slots=True)
class Plan:
    """How long each part lasts, and which rows are run."""

    before_seconds: float = 15
    during_seconds: float = 6
    after_seconds: float = 3
    per_second: float = 1000
    crowds: str = ""
    kinds: str = ""


@dataclass
class FloodProcess:
    """The process that sends the floods."""

    process: asyncio.subprocess.Process

    async def order(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """Give an order, and return the answer to it."""
        assert self.process.stdin
        self.process.stdin.write(json.dumps(order).encode() + b"\n")
        return await self.hear()

    async def hear(self) -> dict[str, Any]:
        """Return the next answer; other lines are logs."""
        assert self.process.stdout
        while line := await self.process.stdout.readline():
            if line.startswith(b"result "):
                answer: dict[str, Any] = json.loads(line.removeprefix(b"result "))
                return answer
        raise SystemExit("the process that sends the floods ended")


@asynccontextmanager
async def run_flood_process(world: World) -> AsyncIterator[FloodProcess]:
    """Run the process for the duration of the `async with`."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.floods.flood_process",
        env={**world.environment, "LOG_LEVEL": "CRITICAL", "PYTHONUNBUFFERED": "1"},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    flood = FloodProcess(process)
    try:
        await flood.hear()
        yield flood
    finally:
        process.kill()
        await process.wait()


@dataclass
class Harness:
    """The floods of one world."""

    world: World
    plan: Plan
    pace: Pace = field(default_factory=Pace)
    rows: list[Row] = field(default_factory=list)

    async def run(self) -> None:
        """Measure before the first flood, and then during and after each."""
        world, plan = self.world, self.plan
        starts = list_starts(DEMO)
        # Visitors, and those who were there before the flood, do not want the times that the flood holds.
        flooded, wanted = starts[: len(starts) // 2], starts[len(starts) // 2 :]
        rows = list(list_rows(plan.crowds, plan.kinds))
        names = [name_business(crowd, what) for crowd, what in rows]
        await asyncio.to_thread(world.open_businesses, *QUIET, _CONTROL, *names)
        traffic = Traffic(world.visitors, wanted)
        await self._warm_up(traffic, QUIET)
        rates: Mapping[What, float] = dict.fromkeys(KINDS, plan.per_second)
        if world.kind == "emulator":
            self.pace, plan.during_seconds = _EMULATOR_PACE, _EMULATOR_SECONDS
            rates = await self._measure_emulator(traffic)
        async with watch_lag() as late, run_flood_process(world) as flood:
            google = world.count_google_calls()
            alone = await traffic.arrive(QUIET, self.pace, plan.before_seconds)
            google_per_second = (world.count_google_calls() - google) / plan.before_seconds
            print(f"without a sender of frames: {format_all_waits(alone)}", flush=True)
            before = await self._measure_beside_sender(traffic, flood, rates["chats"])
            for crowd, what in rows:
                order = {"crowd": crowd.name, "what": what, "tenant": name_business(crowd, what), "rate": rates[what]}
                order |= {"seconds": plan.during_seconds, "starts": flooded, "own_starts": wanted[::-1]}
                row = await self._run_row(
                    traffic, flood, order, crowd=crowd, before=before, google_per_second=google_per_second
                )
                self.rows.append(row)
                noticed = "; ".join(row.list_noticed() + row.during.ends[:3]) or "no"
                print(f"{crowd.name}: {what}: {row.result}; others noticed: {noticed}", flush=True)
            print(f"lag of the visitors' process: {describe_lag(late)}", flush=True)

    async def _measure_beside_sender(self, traffic: Traffic, flood: FloodProcess, rate: float) -> Waits:
        """Measure while as many frames are sent, of a session that is refused from the memory of the ingress.

        On AWS the ingress has processors of its own; here it takes them from the workers. That is no effect of a flood
        on others, so it is in what a flood is compared with.
        """
        order = {"crowd": "one session", "what": "chats", "tenant": _CONTROL, "rate": rate, "starts": []}
        await flood.order(order | {"seconds": self.plan.before_seconds})
        running = asyncio.create_task(flood.order({}))
        waits = await traffic.arrive(QUIET, self.pace, self.plan.before_seconds)
        await running
        await asyncio.to_thread(self.world.purge_queues)
        await asyncio.sleep(_SETTLE_SECONDS)
        return waits

    async def _run_row(
        self,
        traffic: Traffic,
        flood: FloodProcess,
        order: Mapping[str, Any],
        *,
        crowd: Crowd,
        before: Waits,
        google_per_second: float,
    ) -> Row:
        world, plan, tenant = self.world, self.plan, str(order["tenant"])
        others = QUIET if crowd.reaches_neighbours else (*QUIET[:3], tenant, tenant, tenant)
        await self._warm_up(traffic, [tenant])
        await flood.order(order)
        model, mail, google = world.model.calls[MARK], world.mail.sent[MARK], world.count_google_calls()
        began = read_ms()
        running = asyncio.create_task(flood.order({}))
        during = await traffic.arrive(others, self.pace, plan.during_seconds)
        result = await running
        after = await traffic.arrive(others, self.pace, plan.after_seconds)
        own_google = google_per_second * (read_ms() - began) / 1000
        await asyncio.to_thread(world.purge_queues)
        await asyncio.sleep(_SETTLE_SECONDS)
        dollars = (await asyncio.to_thread(world.read_nano_dollars, tenant)) / 1e9
        calls, of_visitors = world.model.calls[MARK] - model, world.visitors.chats[tenant]
        return Row(
            crowd.name,
            str(order["what"]),
            before,
            during,
            after,
            result,
            model_calls=calls,
            # Its visitors' answers cost as much each.
            dollars=dollars * calls / max(calls + of_visitors, 1),
            emails=world.mail.sent[MARK] - mail,
            google_calls=max(0, round(world.count_google_calls() - google - own_google)),
        )

    async def _warm_up(self, traffic: Traffic, tenants: Sequence[str]) -> None:
        """Let each business have one visitor of each kind: profiles, documents and calendars are cached then."""
        await asyncio.gather(*(traffic.arrive([tenant], Pace(1, 1, 1), 1) for tenant in tenants))

    async def _measure_emulator(self, traffic: Traffic) -> Mapping[What, float]:
        """Return three tenths of what the emulator carries of each kind, in frames a second.

        A move costs it as much as a hold, and a hello or a connection at most as much as a question.
        """
        visitors = self.world.visitors
        chats = await self._measure_capacity(visitors.ask_assistant)
        questions = await self._measure_capacity(visitors.ask_for_times)
        bookings = await self._measure_capacity(traffic.book)
        print(
            f"the emulator carries {chats:.1f} chats, {questions:.1f} questions or {bookings:.1f} holds a second",
            flush=True,
        )
        capacities: Mapping[What, float] = {
            "chats": chats,
            "questions": questions,
            "holds": bookings,
            "moves": bookings,
            "hellos": questions,
            "connects": questions,
        }
        return {what: max(0.5, capacity * _EMULATOR_SHARE) for what, capacity in capacities.items()}

    async def _measure_capacity(self, act: Callable[[str, Waits], Awaitable[None]]) -> float:
        """Return how often a second something succeeds while some visitors do it all the time."""
        waits, began = Waits(), read_ms()

        async def repeat(number: int) -> None:
            while read_ms() < began + _CAPACITY_SECONDS * 1000:
                await act(QUIET[number % len(QUIET)], waits)

        await asyncio.gather(*(repeat(number) for number in range(_CAPACITY_VISITORS)))
        succeeded = max(sum(map(math.isfinite, each)) for each in waits.by_metric.values())
        return succeeded / ((read_ms() - began) / 1000)


def name_business(crowd: Crowd, what: What) -> str:
    """Return the business that is flooded; each flood has one whose budgets nothing has used."""
    return f"{MARK}-{crowd.name.replace(' ', '-')}-{what}"
