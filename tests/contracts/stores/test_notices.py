"""Notices arrive once: delivered twice, with an SES that throttles, and with workers that die."""

from functools import partial

import pytest
import structlog

from shared.suppressions import Suppression
from tests.contracts.stores.postroom import PostRoom

THROTTLE_EVERY = 10


@pytest.fixture(autouse=True)
def logs():
    """Keep log lines from being laid out for a terminal, which takes longer than the tests."""
    with structlog.testing.capture_logs() as lines:
        yield lines


@pytest.fixture(scope="module")
async def ses(clients, emulator):
    emulator.client("sesv2").create_email_identity(EmailIdentity="no-reply@stride.example")
    return await clients.client("sesv2", attempts=1, read_timeout_seconds=30)


@pytest.fixture
def new_room(emulator, clients, dynamodb, ses):
    return partial(PostRoom, emulator, clients, dynamodb=dynamodb, ses=ses)


async def everyone_gets_one(room, number, *, timeout_seconds):
    """Deliver each notice twice, with throttling: every address has exactly one e-mail in the emulator's outbox."""
    dead = await room.deliver_by_pool(room.notices(number), times=2, timeout_seconds=timeout_seconds)

    assert dead == 0
    assert room.outbox() == {room.address(n): 1 for n in range(number)}
    assert room.ses.throttled >= number // THROTTLE_EVERY


async def nobody_goes_without(room, number):
    """Let workers die at every moment: none is missing, and what comes again is the same and counted."""
    deaths = await room.deliver_and_die(room.notices(number))

    outbox, taken = room.outbox(), room.ses.taken
    assert set(outbox) == {room.address(n) for n in range(number)}
    assert len(taken) == number
    assert sum(outbox.values()) == sum(map(len, taken.values()))
    for bodies in taken.values():
        assert len(set(bodies)) == 1
    repeats = sum(outbox.values()) - number
    # Only a worker that died between the yes of SES and the record leaves a letter to be sent again.
    assert repeats == deaths["after SesMailer.send"] + deaths["before DynamoClaimStore.complete"]
    assert repeats <= room.metrics.total("NoticesPerhapsRepeated") <= sum(deaths.values())
    assert len(deaths) == 8
    return repeats


async def test_sixty_notices_delivered_twice_arrive_once(new_room):
    """With a tenth of the calls throttled."""
    await everyone_gets_one(new_room(throttle_every=THROTTLE_EVERY), 60, timeout_seconds=120)


async def test_when_workers_die_no_notice_is_lost_and_repeats_are_the_same(new_room):
    """To the byte, so that mail programs show them once."""
    assert await nobody_goes_without(new_room(throttle_every=THROTTLE_EVERY), 63) > 0


async def test_answers_that_get_lost_lose_no_notice_and_repeats_are_counted(new_room):
    """The worker can't know that SES took it: the same letter goes out again."""
    room = new_room(lose_every=5)
    dead = await room.deliver_by_pool(room.notices(40), times=1, timeout_seconds=120)

    outbox = room.outbox()
    assert dead == 0
    assert set(outbox) == {room.address(n) for n in range(40)}
    assert all(len(set(bodies)) == 1 for bodies in room.ses.taken.values())
    assert sum(outbox.values()) - 40 == room.ses.lost == room.metrics.total("NoticesPerhapsRepeated") >= 40 // 5


async def test_a_suppressed_address_gets_none(new_room, clock):
    """The others get theirs."""
    room = new_room()
    await room.ports(clock).suppressions.add(room.address(1).upper(), Suppression("bounced", clock.now()))
    dead = await room.deliver_by_pool(room.notices(4), times=1, timeout_seconds=120)

    assert dead == 1
    assert room.outbox() == {room.address(n): 1 for n in (0, 2, 3)}
