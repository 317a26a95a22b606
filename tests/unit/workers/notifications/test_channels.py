"""The channel of a notice: e-mail with links, a text message, or the operators' topic."""

import pytest
import structlog

from shared.claims import Done
from shared.errors import PermanentError, TransientError
from shared.verification_codes import derive_verification_code
from workers.notifications.adapters.email_templates import JinjaEmailTemplates
from workers.notifications.adapters.text_message_templates import JinjaTextMessageTemplates

PHONE = {"contact": "+48600700800", "contact_kind": "phone"}
KINDS = ["code", "confirmed", "cancelled", "rescheduled", "reminder"]


@pytest.mark.parametrize("kind", KINDS)
async def test_the_channel_of_a_notice_is_that_of_its_contact(world, make_notice, kind):
    """A phone number gets a text message and an address an e-mail, never both."""
    await world.handle(make_notice(kind))
    await world.handle(make_notice(kind, id="another", data=PHONE))

    assert [email.recipient for email in world.mailer.sent] == ["jan@example.com"]
    assert [message.recipient for message in world.sms_sender.sent] == ["+48600700800"]


async def test_a_code_by_text_message_is_computed_where_it_is_sent(new_world, make_notice):
    """The code is in the message; neither the code nor the number is in the notice or in a log line."""
    world = new_world(text_message_templates=JinjaTextMessageTemplates())
    notice = make_notice("code", send_number=2, data=PHONE)
    with structlog.testing.capture_logs() as logs:
        await world.handle(notice)

    code = derive_verification_code(world.key, notice.data.appointment_id, 2)
    assert world.sms_sender.sent[0].text.startswith(code)
    assert code not in notice.model_dump_json()
    assert code not in str(logs)
    assert "600700800" not in str(logs)
    assert [(line["event"], line["channel"]) for line in logs] == [("notice_sent", "phone")]


@pytest.mark.parametrize("kind", KINDS)
async def test_links_are_issued_when_the_email_is_rendered(new_world, make_notice, kind):
    """They are in the e-mail, and neither in the notice on the queue nor in a log line."""
    world = new_world(email_templates=JinjaEmailTemplates())
    notice = make_notice(kind)
    with structlog.testing.capture_logs() as logs:
        await world.handle(notice)

    [email] = world.mailer.sent
    found = [line.partition("=")[2].rstrip(">") for line in email.text.splitlines() if "#stride-" in line]
    claims = [world.links.verify(token, tenant=notice.tenant) for token in found]
    assert [claim.purpose for claim in claims] == ([] if kind in {"code", "cancelled"} else ["move", "cancel"])
    assert {claim.appointment_id for claim in claims} <= {notice.data.appointment_id}
    for token in found:
        assert token not in notice.model_dump_json()
        assert token not in str(logs)


@pytest.mark.parametrize(("hours", "has_links"), [(0, True), (20, True), (21, False)])
async def test_an_email_after_the_deadline_says_so_instead_of_links(
    new_world, make_notice, make_profile, hours, has_links
):
    """The deadline counts when the e-mail is rendered, 21 hours before the visit."""
    world = new_world(make_profile(change_deadline_hours=hours), email_templates=JinjaEmailTemplates())
    await world.handle(make_notice("confirmed", locale="en"))

    [email] = world.mailer.sent
    assert ("#stride-" in email.text, "can no longer be cancelled" in email.text) == (has_links, not has_links)


async def test_no_text_message_is_sent_where_text_messages_are_off(new_world, make_notice):
    """The notice is dead-lettered with its reason, so that it can be replayed once they are on."""
    world = new_world(sms=False)
    notice = make_notice("confirmed", data=PHONE)

    with pytest.raises(PermanentError) as caught:
        await world.handle(notice)
    assert caught.value.reason == "sms_off"
    assert world.mailer.sent == world.sms_sender.sent == []
    assert not world.claims.records[notice.claim_key].done


async def test_no_email_is_sent_where_email_is_off(new_world, make_notice):
    """The reminder of a visit that was booked while it was on can be replayed once it is on again."""
    world = new_world(mail=False)
    notice = make_notice("reminder")

    with pytest.raises(PermanentError) as caught:
        await world.handle(notice)
    assert caught.value.reason == "mail_off"
    assert world.mailer.sent == world.sms_sender.sent == []
    assert not world.claims.records[notice.claim_key].done


@pytest.mark.parametrize("error", [TransientError("throttled"), PermanentError("sms_rejected")])
async def test_a_text_message_that_the_provider_did_not_accept_is_not_completed(world, make_notice, error):
    """The worker core decides on a retry, and the retry sends it once."""
    notice = make_notice("reminder", data=PHONE)
    world.sms_sender.errors.append(error)
    claim = await world.take_claim(notice)
    with pytest.raises(type(error)):
        await world.handler.handle(notice, claim)
    assert not world.claims.records[notice.claim_key].done

    await world.handler.handle(notice, claim)
    assert len(world.sms_sender.sent) == 1
    assert isinstance(await world.take_claim(notice), Done)


async def test_an_alert_is_logged_as_an_error_and_published(world, make_alert):
    """With its reason, once; no profile of a business is needed."""
    world.tenants.blocking.profiles.clear()
    alert = make_alert()
    with structlog.testing.capture_logs() as logs:
        await world.handle(alert)

    assert world.alerts.sent == [alert]
    assert [(line["event"], line["log_level"], line["reason"]) for line in logs] == [
        ("operator_alert", "error", "calendar_access_revoked")
    ]
    assert isinstance(await world.take_claim(alert), Done)


async def test_without_a_topic_an_alert_is_only_logged(new_world, make_alert):
    """Its claim is completed."""
    world, alert = new_world(topic=False), make_alert()
    with structlog.testing.capture_logs() as logs:
        await world.handle(alert)

    assert world.alerts.sent == []
    assert [line["event"] for line in logs] == ["operator_alert"]
    assert isinstance(await world.take_claim(alert), Done)


async def test_an_alert_that_was_not_published_is_retried(world, make_alert):
    """Its claim is not completed."""
    world.alerts.errors.append(TransientError("throttled"))
    with pytest.raises(TransientError):
        await world.handle(make_alert())

    assert not world.claims.records["notice-alert"].done
