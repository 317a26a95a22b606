"""A visitor hears of an appointment: by e-mail or by text message, whichever contact they gave."""

import structlog

from shared.codes import verification_code
from shared.errors import NotYetError, PermanentError
from shared.messages.notices import AppointmentReminder, SendCode
from shared.tenants.profile import TenantProfile
from workers.notifications.domain import (
    VisitorNotice,
    confirms_visit,
    extract_change,
    find_quiet_hours_end,
    is_outdated,
    is_too_late,
    issue_appointment_links,
    rate_limit_key,
)
from workers.notifications.handler.dependencies import NotificationPorts

log = structlog.get_logger()


async def tell(ports: NotificationPorts, work: VisitorNotice) -> bool:
    """Word the notice and send it, once it is its turn; False for one that helps its reader no more.

    Raises:
        NotYetError: it is quiet there, or many of this business's notices are before it.
        PermanentError: `address_suppressed`, `line_too_long`, `mail_off`, `sms_off`, or what the provider says.
    """
    if change := extract_change(work):
        # Before anything that may wait: what is on its way and says otherwise shall not go out meanwhile.
        await ports.visit_changes.record(work.data.appointment_id, change)
    profile = await ports.tenants.profile(work.tenant)
    if not await _is_true(ports, work):
        return False
    if not (_comes_in_time(ports, work, profile) and await _is_wanted(ports, work)):
        return False
    await _reserve_send_slot(ports, work)
    await _send(ports, work, profile)
    log.info("notice_sent", notice=work.type, channel=work.data.contact_kind, appointment_id=work.data.appointment_id)
    return True


async def _is_true(ports: NotificationPorts, work: VisitorNotice) -> bool:
    """Whether the visit is still as the notice says: what waited, or is replayed, may call to one that is no more."""
    if not confirms_visit(work) or not is_outdated(
        work, await ports.visit_changes.find_latest(work.data.appointment_id)
    ):
        return True
    log.info("notice_outdated", notice=work.type, appointment_id=work.data.appointment_id)
    return False


def _comes_in_time(ports: NotificationPorts, work: VisitorNotice, profile: TenantProfile) -> bool:
    """Let what would wake somebody wait for the end of the quiet hours; False for a reminder that is too late then."""
    now = ports.clock.now()
    wakes_nobody_at = find_quiet_hours_end(work, profile, now)
    if wakes_nobody_at is None:
        return True
    if is_too_late(work, wakes_nobody_at):
        log.info("notice_stale", notice=work.type)
        return False
    raise NotYetError("quiet hours", wait=wakes_nobody_at - now)


async def _is_wanted(ports: NotificationPorts, work: VisitorNotice) -> bool:
    """Whether the address takes letters.

    That a reminder does not go out is no news: it says nothing new. Whatever else does not go out leaves a visitor
    without a code, or with a wrong idea of their appointment: somebody of the business should call them.
    """
    if work.data.contact_kind != "email":
        return True
    suppression = await ports.suppressions.find(work.data.contact, at=ports.clock.now())
    if suppression is None:
        return True
    if isinstance(work, AppointmentReminder):
        log.info("notice_suppressed", notice=work.type, why=suppression.reason)
        return False
    raise PermanentError("address_suppressed", f"no letters go to this address any more: {suppression.reason}")


async def _reserve_send_slot(ports: NotificationPorts, work: VisitorNotice) -> None:
    now = ports.clock.now()
    slot = await ports.send_rate_limiter.reserve(rate_limit_key(work), work.claim_key, now=now)
    if slot > now:
        raise NotYetError("the rate limit of the business", wait=slot - now)


async def _send(ports: NotificationPorts, work: VisitorNotice, profile: TenantProfile) -> None:
    """Hand it to the provider; code and links are computed here and nowhere else on the way."""
    code = (
        verification_code(ports.code_key, work.data.appointment_id, work.send_number)
        if isinstance(work, SendCode)
        else None
    )
    if work.data.contact_kind == "phone":
        if ports.sms_sender is None:
            # Booking took the number while text messages were on.
            raise PermanentError("sms_off", "text messages are off: set SMS_ENABLED, then replay the notice")
        await ports.sms_sender.send(ports.text_message_templates.render(work, profile, code=code))
    else:
        if ports.mailer is None:
            # Booking took the address, or planned the reminder, while e-mail was on.
            raise PermanentError("mail_off", "e-mail is off: set SES_FROM_EMAIL, then replay the notice")
        links = issue_appointment_links(ports.links, work, profile, ports.clock.now())
        await ports.mailer.send(ports.email_templates.render(work, profile, code=code, links=links))
