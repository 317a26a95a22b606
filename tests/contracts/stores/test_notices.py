"""Each notice is sent once: also when it is delivered twice, when SES throttles, and when workers crash."""

from functools import partial

import pytest
import structlog

from shared.suppressions import Suppression
from tests.contracts.stores.notifications_run import NotificationsRun

THROTTLE_EVERY = 10


@pytest.fixture(autouse=True)
def logs():
    """Capture the log lines: formatting them for a terminal takes longer than the tests."""
    with structlog.testing.capture_logs() as lines:
        yield lines


@pytest.fixture(scope="module")
async def ses(clients, emulator):
    emulator.client("sesv2").create_email_identity(EmailIdentity="no-reply@stride.example")
    return await clients.open_client("sesv2", attempts=1, read_timeout_seconds=30)


@pytest.fixture
def new_run(emulator, clients, dynamodb, ses):
    return partial(NotificationsRun, emulator, clients, dynamodb=dynamodb, ses=ses)


async def check_each_address_gets_one(run, number, *, timeout_seconds):
    """Deliver each notice twice, with throttling, and check that each address has exactly one e-mail in the outbox."""
    dead_letter_count = await run.deliver_by_pool(run.notices(number), times=2, timeout_seconds=timeout_seconds)

    assert dead_letter_count == 0
    assert run.outbox() == {run.address(n): 1 for n in range(number)}
    assert run.ses.throttled >= number // THROTTLE_EVERY


async def check_no_notice_is_lost(run, number):
    """Crash workers at every point, and check that no notice is lost and that repeats are identical and counted."""
    crashes = await run.deliver_with_crashes(run.notices(number))

    outbox, accepted = run.outbox(), run.ses.accepted
    assert set(outbox) == {run.address(n) for n in range(number)}
    assert len(accepted) == number
    assert sum(outbox.values()) == sum(map(len, accepted.values()))
    for bodies in accepted.values():
        assert len(set(bodies)) == 1
    repeats = sum(outbox.values()) - number
    # An e-mail is repeated only after a crash between its acceptance by SES and the completion of the claim.
    assert repeats == crashes["after SesMailer.send"] + crashes["before DynamoClaimStore.complete"]
    # Each attempt after a crash is counted, also one that SES throttles. Nothing is attempted after the completion.
    attempts_after_crash = (
        sum(crashes.values()) - crashes["after DynamoClaimStore.complete"] + run.throttled_after_crash
    )
    assert repeats <= run.metrics.total("NoticesPerhapsRepeated") == attempts_after_crash
    assert len(crashes) == 8
    return repeats


@pytest.mark.parametrize("number", [20, pytest.param(60, marks=pytest.mark.soak)])
async def test_notices_delivered_twice_arrive_once(new_run, number):
    """With a tenth of the calls throttled."""
    await check_each_address_gets_one(new_run(throttle_every=THROTTLE_EVERY), number, timeout_seconds=120)


async def test_when_workers_crash_no_notice_is_lost_and_repeats_are_identical(new_run):
    """To the byte, so that mail programs display them once."""
    assert await check_no_notice_is_lost(new_run(throttle_every=THROTTLE_EVERY), 63) > 0


async def test_lost_responses_lose_no_notice_and_repeats_are_counted(new_run):
    """The worker can't know that SES accepted the e-mail, and sends the same one again."""
    run = new_run(lose_every=5)
    dead_letter_count = await run.deliver_by_pool(run.notices(40), times=1, timeout_seconds=120)

    outbox = run.outbox()
    assert dead_letter_count == 0
    assert set(outbox) == {run.address(n) for n in range(40)}
    assert all(len(set(bodies)) == 1 for bodies in run.ses.accepted.values())
    assert sum(outbox.values()) - 40 == run.ses.lost == run.metrics.total("NoticesPerhapsRepeated") >= 40 // 5


async def test_a_suppressed_address_gets_no_email(new_run, clock):
    """Its notice is dead-lettered, and the others are sent."""
    run = new_run()
    await run.ports(clock).suppressions.add(run.address(1).upper(), Suppression("bounced", clock.now()))
    dead_letter_count = await run.deliver_by_pool(run.notices(4), times=1, timeout_seconds=120)

    assert dead_letter_count == 1
    assert run.outbox() == {run.address(n): 1 for n in (0, 2, 3)}
