"""Notices of one contact wait for each other, and not at the expense of the other visitors of the business."""

from datetime import timedelta

import pytest

from shared.errors import NotYetError
from tests.fakes.send_rate import FakeSendRateLimiter
from workers.notifications.domain import CONTACT_BURST, CONTACT_NOTICES_PER_MINUTE, build_contact_rate_limit_key

KEY = b"a secret of the deployment"


@pytest.fixture
def world(new_world):
    """A business that may send one notice a second, with the limits of contacts as deployed."""
    world = new_world()
    world.send_rate_limiter = FakeSendRateLimiter(per_minute=60)
    contacts = FakeSendRateLimiter(per_minute=CONTACT_NOTICES_PER_MINUTE, burst=CONTACT_BURST)
    world.use(send_rate_limiter=world.send_rate_limiter, contact_rate_limiter=contacts)
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
