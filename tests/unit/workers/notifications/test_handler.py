"""A notice becomes exactly one e-mail."""

import asyncio

import pytest
import structlog

from shared.claims import Claim, Done
from shared.errors import LeaseLostError, PermanentError, TransientError
from shared.verification_codes import derive_verification_code
from tests.fakes.claims import FakeClaims
from workers.notifications.adapters.email_templates import JinjaEmailTemplates
from workers.notifications.ports import UnknownOutcomeError


async def test_a_code_is_computed_when_it_is_sent(world, make_notice):
    """It is the code that booking checks, for the number of this sending."""
    notice = make_notice("code", send_number=2)
    await world.handle(notice)

    code = derive_verification_code(world.key, notice.data.appointment_id, 2)
    assert world.email_templates.codes == [code]
    assert [email.text for email in world.mailer.sent] == [f"notice.code {code}"]
    assert isinstance(await world.take_claim(notice), Done)


@pytest.mark.parametrize("kind", ["confirmed", "cancelled", "rescheduled", "reminder"])
async def test_other_emails_have_no_code(world, make_notice, kind):
    """There is nothing to verify."""
    notice = make_notice(kind)
    await world.handle(notice)

    assert world.email_templates.codes == [None]


@pytest.mark.parametrize("kind", ["code", "confirmed"])
async def test_the_code_is_only_in_the_email(new_world, make_notice, kind):
    """Neither the notice on the queue nor a log line has the code or the recipient."""
    world = new_world(email_templates=JinjaEmailTemplates())
    notice = make_notice(kind)
    code = derive_verification_code(world.key, notice.data.appointment_id, 1)
    with structlog.testing.capture_logs() as logs:
        await world.handle(notice)

    [email] = world.mailer.sent
    assert (code in email.text) is (kind == "code")
    assert code not in notice.model_dump_json()
    assert code not in str(logs)
    assert "jan@example.com" not in str(logs)
    assert [line["event"] for line in logs] == ["notice_sent"]


async def test_an_expired_code_is_not_sent(world, make_notice):
    """The notice waited too long; its claim is completed without an error."""
    notice = make_notice("code")
    world.clock.set(notice.expires_at)
    await world.handle(notice)

    assert world.mailer.sent == []
    assert isinstance(await world.take_claim(notice), Done)


async def test_a_reminder_of_a_visit_that_has_begun_is_not_sent(world, make_notice):
    """Neither by e-mail nor by text message."""
    for more in ({}, {"id": "another", "data": {"contact": "+48600700800", "contact_kind": "phone"}}):
        notice = make_notice("reminder", **more)
        world.clock.set(notice.data.start)
        await world.handle(notice)

    assert world.mailer.sent == world.sms_sender.sent == []
    assert isinstance(await world.take_claim(notice), Done)


@pytest.mark.parametrize("error", [TransientError("throttled"), PermanentError("mail_rejected")])
async def test_an_email_that_the_provider_did_not_accept_is_not_completed(world, make_notice, error):
    """The worker core decides on a retry, and the retry sends it."""
    notice = make_notice("confirmed")
    world.mailer.errors.append(error)
    claim = await world.take_claim(notice)
    with pytest.raises(type(error)):
        await world.handler.handle(notice, claim)
    assert not world.claims.records[notice.claim_key].done

    await world.handler.handle(notice, claim)
    assert len(world.mailer.sent) == 1


async def test_a_lease_that_is_lost_after_sending_raises(world, make_notice):
    """The e-mail may be sent twice, identical both times, but never not at all."""
    notice = make_notice("confirmed")
    claim = await world.take_claim(notice)
    world.claims.steal(claim)

    with pytest.raises(LeaseLostError):
        await world.handler.handle(notice, claim)
    assert len(world.mailer.sent) == 1


REPEATED = "NoticesPerhapsRepeated"


@pytest.mark.parametrize(
    ("error", "counted"),
    [(UnknownOutcomeError("no answer"), 1), (TransientError("throttled"), 0), (PermanentError("mail_rejected"), 0)],
)
async def test_an_email_with_an_unknown_outcome_is_counted(world, make_notice, error, counted):
    """It is sent again. An e-mail that the provider refused was not sent, and is not counted."""
    world.mailer.errors.append(error)
    with pytest.raises(type(error)):
        await world.handle(make_notice("confirmed"))

    assert world.metrics.total(REPEATED) == counted


class FullClaims(FakeClaims):
    """Claims that can't be completed."""

    async def complete(self, claim, *, is_carried_out=True):
        raise TransientError("dynamodb")


async def test_an_email_that_was_sent_but_not_completed_is_counted(world, make_notice):
    """The next attempt sends it again."""
    world.claims = FullClaims(world.clock)
    world.use()
    with pytest.raises(TransientError):
        await world.handle(make_notice("confirmed"))

    assert len(world.mailer.sent) == 1
    assert world.metrics.total(REPEATED) == 1


async def test_an_email_that_was_cancelled_midway_is_counted(world, make_notice):
    """A pool stops, or a handler exceeds its timeout: the provider may have accepted the e-mail already."""
    world.mailer.errors.append(asyncio.CancelledError())
    with pytest.raises(asyncio.CancelledError):
        await world.handle(make_notice("confirmed"))

    assert world.metrics.total(REPEATED) == 1


async def test_a_notice_that_was_sent_is_not_sent_again(world, make_notice):
    """Neither when it is delivered again, nor when a retried command built it again with other content."""
    await world.handler.repeat_outcome(make_notice("code"), None)
    await world.handler.refuse_reused_id(make_notice("code", locale="en"))

    assert world.mailer.sent == []


async def test_a_notice_that_failed_permanently_is_completed(world, make_notice):
    """The dead letter is recorded in the failure ledger."""
    notice = make_notice("code")
    await world.handler.give_up(notice, await world.take_claim(notice), "mail_rejected")

    assert isinstance(await world.take_claim(notice), Done)
    assert world.mailer.sent == []


async def test_a_replay_is_sent_again(world, make_notice):
    """The business asked for it; it has a claim of its own."""
    for notice in (make_notice("confirmed"), make_notice("confirmed", replay=1)):
        claim = await world.take_claim(notice)
        assert isinstance(claim, Claim)
        await world.handler.handle(notice, claim)

    assert len(world.mailer.sent) == 2
    assert world.mailer.sent[0] == world.mailer.sent[1]


async def test_a_business_that_no_longer_exists_sends_no_emails(world, make_notice):
    """Nobody would answer for them."""
    world.tenants.blocking.profiles.clear()
    notice = make_notice("confirmed")

    with pytest.raises(PermanentError, match="salon-ania"):
        await world.handle(notice)
    assert world.mailer.sent == []
