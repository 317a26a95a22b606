"""The hoarding attack on a running stack: 483 holds without a code, from 97 addresses."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from infra.local.stack import Options, Stack, open_local_stack
from tests.e2e.booking import fresh_address
from tests.e2e.tenants import delete_business, upload_business
from tests.e2e.visitor import Visit
from tests.soak.hoarders import Hoarders, book_day, describe, hoard, list_starts, measure_held_minutes

pytestmark = pytest.mark.soak

REQUESTS = 483
HONEST_DAYS = 10
PHONE = "+48 12 000 01 40"


@pytest.fixture(scope="module")
def limited_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Run a stack with the limits of an installation, without notices and chat."""
    options = Options(
        folder=tmp_path_factory.mktemp("hoarding"),
        pools=("booking",),
        desk=False,
        parameters={"HoldsPerAddress": "5", "HeldSharePercent": "50", "ProofOfWork": ""},
    )
    with open_local_stack(options) as running:
        yield running


async def visit_days(visit: Visit, days: list[str], *capabilities: str) -> tuple[Counter[str], list[float], list[Any]]:
    """Let an honest visitor book each day, and give the time back; return the outcomes, times and refusals."""
    outcomes: Counter[str] = Counter()
    seconds, refusals = [], []
    for day in days:
        async with visit(greet=False) as visitor:
            await visitor.hello(locale="en", capabilities=capabilities)
            outcome, answer, took = await book_day(visitor, day, fresh_address())
            outcomes[outcome] += 1
            seconds.append(took)
            if outcome == "held":
                held = {"appointment_id": answer["data"]["appointment_id"]}
                await visitor.ask("booking.cancel", held, "booking.cancelled")
            else:
                refusals.append((day, answer))
    return outcomes, seconds, refusals


@pytest.mark.parametrize(
    "hoarders",
    [
        Hoarders("97 addresses of one provider", share_network=True),
        Hoarders("97 addresses of 97 providers", share_network=False),
        Hoarders("the same, with proofs", share_network=False, solve=True),
    ],
    ids=lambda hoarders: hoarders.name,
)
async def test_an_honest_visitor_books_while_strangers_hold_what_they_can(limited_stack: Stack, hoarders: Hoarders):
    """With today's widget on the day wanted; with an older one where the limits leave room, and else a way out."""
    tenant = upload_business(limited_stack)
    visit = Visit(limited_stack.websocket_url, tenant, limited_stack.site_url)
    try:
        async with visit() as visitor:
            starts = await list_starts(visitor)
        took = await hoard(limited_stack, tenant, starts[:REQUESTS], hoarders)
        minutes = measure_held_minutes(limited_stack, tenant)
        days = sorted({start[:10] for start in starts[:REQUESTS]})[:HONEST_DAYS]
        older_outcomes, _, refusals = await visit_days(visit, days)
        newer_outcomes, seconds, _ = await visit_days(visit, days, "challenge")
    finally:
        delete_business(limited_stack, tenant)

    limit = 0.8 if hoarders.solve else 0.5
    held = max(held / open_ for held, open_ in minutes.values())
    mean = sum(held for held, _ in minutes.values()) / sum(open_ for _, open_ in minutes.values())
    print(
        f"{hoarders.name}: {min(len(starts), REQUESTS)} requests in {took:.0f} s; "
        f"held at most {held:.0%} of a day, {mean:.0%} on average; "
        f"older widget {dict(older_outcomes)}, today's {dict(newer_outcomes)} {describe(seconds)}"
    )
    assert len(starts) >= REQUESTS
    assert held <= limit
    if not hoarders.solve:
        assert newer_outcomes == {"held": HONEST_DAYS}
    for day, refusal in refusals:
        assert refusal["data"]["code"] == "RATE_LIMITED"
        assert PHONE in refusal["data"]["message"]
        alternatives = [slot["start"][:10] for slot in refusal["data"]["alternatives"]]
        assert alternatives
        assert day not in alternatives
        held_minutes, _ = minutes[day]
        # Of today only what can still be booked; a start an hour.
        bookable_minutes = 60 * sum(start.startswith(day) for start in starts)
        assert held_minutes + 60 > bookable_minutes * 0.5, "an older widget is refused only where the share is used up"
