"""The commands of the golden file over the real path, as the predecessor's pages send them, without a model call."""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any

import pytest

from tests.e2e.backstage import Backstage
from tests.e2e.booking import fresh_address
from tests.e2e.visitor import Visit, Visitor
from tests.golden.predecessor_commands import Entry, booking_values, code_values, entries

pytestmark = pytest.mark.e2e

MAX_CONCURRENT = 6
ENDS = ("booking.pending", "booking.confirmed", "chat.final", "error")


def entries_of_each_end(count: int) -> list[Entry]:
    """Return the first entries with each prerequisite and end; unit tests check what becomes of every entry."""
    kinds = defaultdict[tuple[str | None, ...], list[Entry]](list)
    for entry in entries():
        kinds[entry.given, entry.becomes, entry.ends, entry.refused].append(entry)
    return [entry for kind in kinds.values() for entry in kind[:count]]


@pytest.mark.parametrize(
    "chosen", [entries_of_each_end(2), pytest.param(entries(), marks=pytest.mark.soak)], ids=["short", "all"]
)
async def test_commands_of_the_predecessor_end_as_the_golden_file_says(
    chosen: Sequence[Entry], visit: Visit, backstage: Backstage
):
    """Valid and invalid commands, each from its own visitor; none costs a model call."""
    calls = backstage.model_calls()
    concurrency = asyncio.Semaphore(MAX_CONCURRENT)
    async with visit() as visitor:
        times = [time async for time in free_times(visitor, len(chosen))]

    async def outcome(entry: Entry, start: str) -> str:
        async with concurrency:
            return await send_entry(entry, start, visit, backstage)

    outcomes = await asyncio.gather(*(outcome(*pair) for pair in zip(chosen, times, strict=True)))

    wrong = [
        f"{entry.text!r} ({entry.given}) ended with {ended}"
        for entry, ended in zip(chosen, outcomes, strict=True)
        if ended != (entry.ends or f"{entry.refused} at once")
    ]
    assert wrong == []
    assert backstage.model_calls() == calls


async def free_times(visitor: Visitor, count: int) -> AsyncIterator[str]:
    """Yield free starts that do not touch each other, without the first ones of each day, which other tests use."""
    query: dict[str, Any] = {"service": "consultation", "days": 60}
    while count > 0:
        listed = (await visitor.ask("booking.slots", query, "booking.slots"))["data"]
        by_day: dict[str, list[str]] = {}
        for slot in listed["slots"]:
            by_day.setdefault(slot["start"][:10], []).append(slot["start"])
        for day in by_day.values():
            for start in day[-3:1:-2][:count]:
                count -= 1
                yield start
        assert count <= 0 or "next_from" in listed, "the demo business has too few free times"
        query["from"] = listed.get("next_from")


async def send_entry(entry: Entry, start: str, visit: Visit, backstage: Backstage) -> str:
    """Create what an entry requires, send the entry, and return how it ended."""
    contact = fresh_address()
    values = booking_values(datetime.fromisoformat(start), contact, f"60{random.randrange(10**7):07}")
    async with visit() as visitor:
        if entry.given == "foreign hold":
            async with visit() as stranger:
                appointment_id = await hold_time(stranger, values)
        elif entry.given != "nothing":
            appointment_id = await hold_time(visitor, values)
        if entry.given != "nothing":
            values |= code_values(appointment_id, await backstage.code(contact))
        if entry.given == "confirmed":
            await visitor.send_text("VERIFY_APPOINTMENT:{id},{code}".format_map(values))
            await visitor.until("booking.confirmed")
        await visitor.send_text(entry.filled(values).text)
        end = await visitor.until(*ENDS)
    if end["type"] != "error":
        expected = start, values.get("id", end["data"].get("appointment_id"))
        return end["type"] if (end["data"].get("start"), end["data"].get("appointment_id")) == expected else str(end)
    # The frame that ends an accepted command is durable, so it has a number.
    return str(end["data"]["code"]) + ("" if end.get("seq") else " at once")


async def hold_time(visitor: Visitor, values: dict[str, str]) -> str:
    """Hold a time with the documented command; return the appointment's id."""
    await visitor.send_text("BOOK_APPOINTMENT:{date}T{time},{contact},consultation".format_map(values))
    pending = await visitor.until("booking.pending", "error")
    assert pending["type"] == "booking.pending", pending
    return str(pending["data"]["appointment_id"])
