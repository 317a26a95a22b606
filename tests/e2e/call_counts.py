"""Counts the billed calls of one visit, step by step, with the emulator's recorder."""

import asyncio
import json
import urllib.request
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

from infra.local.stack import Stack
from tests.deadlines import DEADLINE_SECONDS
from tests.e2e.backstage import Backstage
from tests.e2e.booking import confirm, fresh_address, hold
from tests.e2e.visitor import Visit, Visitor

T = TypeVar("T")

DAYS_AT_ONCE = 14
"""How many days of free times the widget asks for."""

QUIET_SECONDS = 0.3
"""A step is over once all queues are empty, no function runs, and nothing was called for this long."""

Counts = dict[str, dict[str, float]]
"""The amounts by call and measure, such as `{"dynamodb GetItem slots": {"calls": 1, "read_units": 0.5}}`."""

TIMED = (
    "apigateway message out chat.delta",
    "cloudwatch metric",
    "dynamodb BatchGetItem processed",
    "dynamodb GetItem processed",
    "execute-api PostToConnection chat.delta",
    "sqs ChangeMessageVisibilityBatch",
)
"""Calls that a timer makes while a handler runs, or that a late log line hides: their number depends on the time."""


FREE_TIMES_ANSWER = "answer with free times"

TIMED_IN_STEP = {FREE_TIMES_ANSWER: ("dynamodb GetItem consistent processed",)}
"""As `TIMED`, in one step: chat reads the row with booking's answer until it is there."""


@dataclass(frozen=True)
class CallCounter:
    """The recorder of a stack's emulator."""

    endpoint_url: str

    async def count(self, step: Callable[[], Awaitable[T]], *, awaited: str = "") -> tuple[Counts, T]:
        """Return the calls of a step, with everything that it sets off, and its result.

        `awaited` is a call that the step makes in any case, where nothing else tells that it is not over.
        """
        await asyncio.to_thread(self._request, "POST", "/_calls")
        result = await step()
        last, quiet_since = None, 0.0
        async with asyncio.timeout(DEADLINE_SECONDS):
            while True:
                now = asyncio.get_running_loop().time()
                report = await asyncio.to_thread(self._request, "GET", "/_calls")
                is_early = awaited and awaited not in report["calls"]
                if is_early or report != last or report["running"] or await asyncio.to_thread(self._has_messages):
                    last, quiet_since = report, now
                elif now - quiet_since >= QUIET_SECONDS:
                    return report["calls"], result
                await asyncio.sleep(0.1)

    def _has_messages(self) -> bool:
        accounts = self._request("GET", "/_ministack/sqs/messages")["messages"].values()
        return any(messages for regions in accounts for queues in regions.values() for messages in queues.values())

    def _request(self, method: str, path: str) -> dict[str, Any]:
        request = urllib.request.Request(self.endpoint_url + path, method=method)  # noqa: S310 - of this machine
        with urllib.request.urlopen(request, timeout=DEADLINE_SECONDS) as answer:  # noqa: S310
            report: dict[str, Any] = json.load(answer)
            return report


async def count_visit(stack: Stack, backstage: Backstage, day: date) -> dict[str, Counts]:
    """Return the calls of each step of a visit, of a minute that reads the calendar, and of one at night that does not.

    The visitor books the first free time from `day` on: days without another visit, and early enough for reminders.
    """
    description = stack.describe()
    counter = CallCounter(description["aws_endpoint_url"])
    visit = Visit(description["websocket_url"], description["tenant"], description["site_url"])
    address, steps = fresh_address(), {}

    async with AsyncExitStack() as connection:

        async def connect() -> Visitor:
            visitor = await connection.enter_async_context(visit(greet=False))
            await visitor.hello(locale="en", tz="Europe/Warsaw")
            return visitor

        async def chat(text: str) -> int:
            """Return the number of the answer."""
            return int((await visitor.ask("chat.send", {"text": text}, "chat.final"))["seq"])

        async def judge(seq: int) -> None:
            await visitor.ask("chat.feedback", {"re_seq": seq, "verdict": "down"}, "ack")

        async def start_booking() -> None:
            # Until booking's function has started, a query may wait longer than its visitor does.
            while (await visitor.ask("booking.slots", query, "booking.slots"))["type"] == "error":
                await asyncio.sleep(0.5)

        async def book() -> dict[str, Any]:
            pending = await hold(visitor, slot, address)
            await confirm(visitor, pending, address, backstage)
            await backstage.email(address, number=2)
            return pending

        async def cancel() -> None:
            cancellation = {"appointment_id": pending["data"]["appointment_id"]}
            await visitor.ask("booking.cancel", cancellation, "booking.cancelled")
            await backstage.email(address, number=3)

        async def sync_calendars(at: datetime | None = None) -> None:
            await asyncio.to_thread(backstage.sync_calendars, at)

        steps["connect"], visitor = await counter.count(connect)
        await counter.count(lambda: chat("How much is a massage?"))
        steps["answer"], _ = await counter.count(lambda: chat("And where are you?"))
        await counter.count(lambda: chat("Do you offer acupuncture?"))
        steps["unanswered question"], seq = await counter.count(lambda: chat("Acupuncture, do you offer it?"))
        steps["judgement"], _ = await counter.count(lambda: judge(seq))
        query = {"service": "consultation", "from": str(day), "days": DAYS_AT_ONCE}
        await counter.count(start_booking)
        steps["free times"], listed = await counter.count(lambda: visitor.ask("booking.slots", query, "booking.slots"))
        slot = listed["data"]["slots"][0]
        asked = f"Is there anything free on {slot['start'][:10]} for a consultation?"
        steps[FREE_TIMES_ANSWER], _ = await counter.count(lambda: chat(asked))
        steps["booking"], pending = await counter.count(book)
        steps["cancellation"], _ = await counter.count(cancel)
        steps["disconnect"], _ = await counter.count(connection.aclose, awaited="lambda Invoke ingress")
        await counter.count(sync_calendars)  # it finds the changes of this visit
        steps["idle minute"], _ = await counter.count(sync_calendars)
        steps["quiet minute"], _ = await counter.count(lambda: sync_calendars(find_quiet_minute()))
    return steps


def find_quiet_minute() -> datetime:
    """Return a minute of the next night that reads no calendar."""
    return datetime.now(UTC).replace(hour=0, minute=1, second=0, microsecond=0) + timedelta(days=1)


def keep_exact(visits: Sequence[Mapping[str, Counts]]) -> dict[str, Counts]:
    """Return the calls that each of several visits made, without those that depend on the time.

    Reads into an empty cache are only in the first visit, and so left out. A log line that is late counts for the next
    invocation, so of log bytes the highest number is right.
    """
    first, *others = visits
    return {
        step: {
            call: {
                measure: (max if measure == "log_bytes" else min)(visit[step][call][measure] for visit in visits)
                for measure in amounts
            }
            for call, amounts in first[step].items()
            if all(call in visit[step] for visit in others)
            and not call.startswith((*TIMED, *TIMED_IN_STEP.get(step, ())))
        }
        for step in first
    }


def list_metrics(visits: Sequence[Mapping[str, Counts]]) -> list[str]:
    """Return all custom metrics that visits published, each with one set of dimensions."""
    names = {call for visit in visits for counts in visit.values() for call in counts}
    prefix = "cloudwatch metric "
    return sorted(name.removeprefix(prefix) for name in names if name.startswith(prefix) and "Lease" not in name)
