"""Notices of one contact wait for each other, and not at the expense of the other visitors of the business."""

import math
from datetime import timedelta

import pytest

from shared.errors import NotYetError
from tests.fakes.send_rate import FakeSendRateLimiter
from workers.notifications.domain import (
    CONTACT_BURST,
    CONTACT_NOTICES_PER_MINUTE,
    MAX_DAILY_WAIT,
    NOTICES_PER_CONTACT,
    build_contact_rate_limit_key,
    build_daily_rate,
)

KEY = b"a secret of the deployment"


@pytest.fixture
def world(new_world):
    """A business that may send one notice a second, with the limits of contacts as deployed."""
    world = new_world()
    world.send_rate_limiter = FakeSendRateLimiter(per_minute=60)
    contacts = FakeSendRateLimiter(per_minute=CONTACT_NOTICES_PER_MINUTE, burst=CONTACT_BURST)
    daily = FakeSendRateLimiter(max_wait=MAX_DAILY_WAIT)
    world.use(send_rate_limiter=world.send_rate_limiter, contact_rate_limiter=contacts, daily_rate_limiter=daily)
    return world


async def send(world, notice):
    """Handle a notice as the worker core does; return how many seconds it has to wait, 0 if it was sent or dropped."""
    claim = await world.take_claim(notice)
    try:
        await world.handler.handle(notice, claim)
    except NotYetError as error:
        await world.claims.release(claim, unspent=True)
        return error.wait.total_seconds()
    return 0.0


def build_moves(make_notice, count, *, contact="jan@example.com", visits=1):
    """Return the notices of moves of some visits, back and forth."""
    return [
        make_notice(
            "rescheduled",
            id=f"{contact}-{number}",
            accepted_at=f"2026-01-12T12:00:{number % 60:02}Z",
            data={"contact": contact, "appointment_id": f"{number % visits:032}"},
        )
        for number in range(count)
    ]


async def test_moves_back_and_forth_do_not_delay_others(world, make_notice):
    """Five visits are moved fifty times: seven e-mails go out, and the next visitor's at once after them."""
    waits = [await send(world, notice) for notice in build_moves(make_notice, 50, visits=50)]
    assert waits == [0.0] * 7 + [10.0 * number for number in range(1, 44)]
    assert len(world.send_rate_limiter.requests) == 7
    assert await send(world, make_notice("confirmed", data={"contact": "ania@example.com"})) == 0.0


async def test_what_five_visits_that_are_moved_back_and_forth_cost(world, make_notice):
    """Forty moves within a minute, beside another visitor's confirmation every ten seconds: these never wait.

    At the end the mover knows where each visit is, by fifteen e-mails instead of forty.
    """
    times = [{"start": f"2026-01-{day}T09:00:00Z", "end": f"2026-01-{day}T10:00:00Z"} for day in (13, 14)]
    moves = [
        make_notice(
            "rescheduled",
            id=f"move-{number}",
            accepted_at=f"2026-01-12T12:00:{number:02}Z",
            data={"appointment_id": f"{number % 5:032}"} | times[number // 5 % 2],
        )
        for number in range(40)
    ]
    due, delays = [(number, move) for number, move in enumerate(moves)], []
    for second in range(120):
        if second % 10 == 0:
            other = {"contact": f"v{second}@example.com", "appointment_id": f"{second:032x}"}
            delays.append(await send(world, make_notice("confirmed", id=f"v{second}", data=other)))
        ready, due = [one for one in due if one[0] <= second], [one for one in due if one[0] > second]
        for _, move in ready:
            if wait := await send(world, move):
                due.append((second + math.ceil(wait), move))
        world.clock.advance(timedelta(seconds=1))
    assert not due
    assert delays == [0.0] * 12
    to_mover = [mail for mail in world.mailer.sent if mail.recipient == "jan@example.com"]
    assert len(to_mover) == 15
    assert {mail.notice_id for mail in to_mover} >= {f"move-{number}" for number in range(35, 40)}


@pytest.mark.parametrize("own_limit", [None, 3])
async def test_a_contact_gets_a_number_of_notices_a_day(new_world, make_notice, make_profile, own_limit):
    """Further ones wait for one slot per visit, and then the last state is sent; a code never waits."""
    limits = {"notices_per_contact": own_limit} if own_limit else {}
    world, number = new_world(make_profile(limits=limits)), own_limit or NOTICES_PER_CONTACT
    notices = build_moves(make_notice, number + 3, visits=number + 1)
    world.use(daily_rate_limiter=FakeSendRateLimiter(max_wait=MAX_DAILY_WAIT))
    waits = [await send(world, notice) for notice in notices[:number]]
    assert waits == [0.0] * number
    interval = build_daily_rate(number).interval.total_seconds()
    # The last visit, and two that had a notice already: each gets a slot; another move of the last visit shares it.
    assert [await send(world, notice) for notice in notices[number:]] == [interval, 2 * interval, 3 * interval]
    data = {"appointment_id": f"{number:032}", "start": "2026-01-15T09:00:00Z", "end": "2026-01-15T10:00:00Z"}
    again = make_notice("rescheduled", id="again", accepted_at="2026-01-12T13:00:00Z", data=data)
    world.clock.advance(timedelta(seconds=1))
    assert await send(world, again) == interval - 1
    assert await send(world, make_notice("code")) == 0.0
    sent = len(world.mailer.sent)
    world.clock.advance(timedelta(seconds=interval - 1))
    assert [await send(world, notice) for notice in (notices[number], again)] == [0.0, 0.0]
    assert [mail.notice_id for mail in world.mailer.sent[sent:]] == ["again"]


async def test_a_notice_that_waited_is_sent_once(world, make_notice):
    """At its send slot, with one of the business that it takes only then."""
    *_, last = notices = build_moves(make_notice, 8, visits=8)
    assert [await send(world, notice) for notice in notices][-1] == 10.0
    assert await send(world, last) == 10.0
    world.clock.advance(timedelta(seconds=10))
    assert await send(world, last) == 0.0
    assert len(world.mailer.sent) == 8
    assert len(world.send_rate_limiter.requests) == 8


async def test_codes_do_not_wait_for_other_notices(world, make_notice):
    """A visitor waits for them; how many there are is limited where they are requested."""
    for notice in build_moves(make_notice, 20, visits=20):
        await send(world, notice)
    assert await send(world, make_notice("code")) == 0.0


def test_a_mailbox_has_one_rate(make_notice):
    """Upper case and sub-addresses make no new contact. Another business has another key; no key has the address."""
    keys = {
        build_contact_rate_limit_key(make_notice("confirmed", data={"contact": contact}), KEY)
        for contact in ("jan@example.com", "Jan@Example.com", "jan+1@example.com")
    }
    assert len(keys) == 1
    assert "jan" not in keys.pop()
    others = [make_notice("confirmed", tenant="other"), make_notice("confirmed", data={"contact": "ola@example.com"})]
    assert len({build_contact_rate_limit_key(notice, KEY) for notice in [make_notice("confirmed"), *others]}) == 3
