"""How a notice becomes one e-mail, and that it stays one."""

import asyncio

import pytest
import structlog

from shared.claims import Claim, Done
from shared.codes import verification_code
from shared.errors import LeaseLostError, PermanentError, TransientError
from tests.fakes.claims import FakeClaims
from workers.notifications.adapters.email_templates import JinjaEmailTemplates
from workers.notifications.ports import UnknownOutcomeError


async def test_a_code_is_computed_where_it_is_sent(world, make_notice):
    """It is the one that booking checks: the number of the sending counts."""
    notice = make_notice("code", send_number=2)
    await world.handle(notice)

    code = verification_code(world.key, notice.data.appointment_id, 2)
    assert world.email_templates.codes == [code]
    assert [email.text for email in world.mailer.sent] == [f"notice.code {code}"]
    assert isinstance(await world.claimed(notice), Done)


@pytest.mark.parametrize("kind", ["confirmed", "cancelled", "rescheduled", "reminder"])
async def test_other_letters_get_no_code(world, make_notice, kind):
    """There is nothing left to verify."""
    notice = make_notice(kind)
    await world.handle(notice)

    assert world.email_templates.codes == [None]


@pytest.mark.parametrize("kind", ["code", "confirmed"])
async def test_the_code_is_in_the_letter_and_nowhere_else(new_world, make_notice, kind):
    """Neither the notice on the queue nor any log line has it, nor do they name the recipient."""
    world = new_world(email_templates=JinjaEmailTemplates())
    notice = make_notice(kind)
    code = verification_code(world.key, notice.data.appointment_id, 1)
    with structlog.testing.capture_logs() as logs:
        await world.handle(notice)

    [email] = world.mailer.sent
    assert (code in email.text) is (kind == "code")
    assert code not in notice.model_dump_json()
    assert code not in str(logs)
    assert "jan@example.com" not in str(logs)
    assert [line["event"] for line in logs] == ["notice_sent"]


async def test_a_code_that_no_longer_works_is_not_sent(world, make_notice):
    """The notice waited too long; it ends, quietly."""
    notice = make_notice("code")
    world.clock.set(notice.expires_at)
    await world.handle(notice)

    assert world.mailer.sent == []
    assert isinstance(await world.claimed(notice), Done)


async def test_a_reminder_of_a_visit_that_has_begun_is_not_sent(world, make_notice):
    """By e-mail or by text message."""
    for more in ({}, {"id": "another", "data": {"contact": "+48600700800", "contact_kind": "phone"}}):
        notice = make_notice("reminder", **more)
        world.clock.set(notice.data.start)
        await world.handle(notice)

    assert world.mailer.sent == world.sms_sender.sent == []
    assert isinstance(await world.claimed(notice), Done)


@pytest.mark.parametrize("error", [TransientError("throttled"), PermanentError("mail_rejected")])
async def test_a_letter_that_was_not_taken_is_not_done(world, make_notice, error):
    """The worker core decides whether it is tried again; the next try sends it."""
    notice = make_notice("confirmed")
    world.mailer.trouble.append(error)
    claim = await world.claimed(notice)
    with pytest.raises(type(error)):
        await world.handler.handle(notice, claim)
    assert not world.claims.records[notice.claim_key].done

    await world.handler.handle(notice, claim)
    assert len(world.mailer.sent) == 1


async def test_who_lost_the_notice_after_sending_hears_so(world, make_notice):
    """The letter may go out twice then, the same both times, but never not at all."""
    notice = make_notice("confirmed")
    claim = await world.claimed(notice)
    world.claims.steal(claim)

    with pytest.raises(LeaseLostError):
        await world.handler.handle(notice, claim)
    assert len(world.mailer.sent) == 1


REPEATED = "NoticesPerhapsRepeated"


@pytest.mark.parametrize(
    ("error", "counted"),
    [(UnknownOutcomeError("no answer"), 1), (TransientError("throttled"), 0), (PermanentError("mail_rejected"), 0)],
)
async def test_a_letter_of_which_nobody_knows_is_counted(world, make_notice, error, counted):
    """It goes out again. What the provider refused was not sent, and is not counted."""
    world.mailer.trouble.append(error)
    with pytest.raises(type(error)):
        await world.handle(make_notice("confirmed"))

    assert world.metrics.total(REPEATED) == counted


class FullClaims(FakeClaims):
    """Records that take no end."""

    async def complete(self, claim):
        raise TransientError("dynamodb")


async def test_a_letter_that_is_sent_and_not_recorded_is_counted(world, make_notice):
    """The next attempt sends it once more."""
    world.claims = FullClaims(world.clock)
    world.use()
    with pytest.raises(TransientError):
        await world.handle(make_notice("confirmed"))

    assert len(world.mailer.sent) == 1
    assert world.metrics.total(REPEATED) == 1


async def test_a_letter_that_is_cut_short_is_counted(world, make_notice):
    """A pool that stops, or a handler that takes too long: the provider may have said yes already."""
    world.mailer.trouble.append(asyncio.CancelledError())
    with pytest.raises(asyncio.CancelledError):
        await world.handle(make_notice("confirmed"))

    assert world.metrics.total(REPEATED) == 1


async def test_a_notice_that_was_sent_is_not_sent_again(world, make_notice):
    """Neither when it is delivered again nor when its command was retried and worded it anew."""
    await world.handler.repeat(make_notice("code"), None)
    await world.handler.mismatch(make_notice("code", locale="en"))

    assert world.mailer.sent == []


async def test_a_notice_that_failed_for_good_ends(world, make_notice):
    """Its copy on the dead-letter queue is for the owner to see."""
    notice = make_notice("code")
    await world.handler.give_up(notice, await world.claimed(notice), "mail_rejected")

    assert isinstance(await world.claimed(notice), Done)
    assert world.mailer.sent == []


async def test_a_replay_is_sent_once_more(world, make_notice):
    """The owner asked for it: it has a record of its own."""
    for notice in (make_notice("confirmed"), make_notice("confirmed", replay=1)):
        claim = await world.claimed(notice)
        assert isinstance(claim, Claim)
        await world.handler.handle(notice, claim)

    assert len(world.mailer.sent) == 2
    assert world.mailer.sent[0] == world.mailer.sent[1]


async def test_a_business_that_is_no_more_writes_no_letters(world, make_notice):
    """Nobody would stand behind them."""
    world.tenants.blocking.profiles.clear()
    notice = make_notice("confirmed")

    with pytest.raises(PermanentError, match="salon-ania"):
        await world.handle(notice)
    assert world.mailer.sent == []
