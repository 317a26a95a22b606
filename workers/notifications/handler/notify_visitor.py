"""Notifies a visitor about an appointment: by e-mail or by text message, depending on the contact."""

import structlog

from shared.errors import NotYetError, PermanentError, TransientError
from shared.messages.notices import AppointmentCancelled, AppointmentReminder, SendCode
from shared.tenants.profile import TenantProfile
from shared.verification_codes import derive_verification_code
from workers.notifications.dependencies import NotificationPorts
from workers.notifications.domain import (
    VisitChange,
    VisitorNotice,
    confirms_visit,
    extract_change,
    find_quiet_hours_end,
    is_changeable,
    is_outdated,
    is_too_late,
    issue_appointment_links,
)
from workers.notifications.handler.send_slots import reserve_send_slot
from workers.notifications.handler.text_messages import send_text_message

log = structlog.get_logger()


async def notify_visitor(ports: NotificationPorts, notice: VisitorNotice, *, is_first_attempt: bool) -> bool:
    """Send the notice and return True; return False, without sending it, if it is no longer of use.

    Raises:
        NotYetError: the notice waits for the end of the quiet hours, or for its send slot.
        PermanentError: `address_suppressed`, `line_too_long`, `mail_off`, `sms_off`, or the provider's reason.
    """
    if change := extract_change(notice):
        # Before any step that may wait: an outdated notice must not be sent meanwhile.
        await ports.visit_changes.record(notice.data.appointment_id, change)
    profile = await ports.tenants.get_profile(notice.tenant)
    latest = await _find_latest_change(ports, notice)
    if is_outdated(notice, latest):
        log.info("notice_outdated", notice=notice.type, appointment_id=notice.data.appointment_id)
        return False
    if not (_is_in_time(ports, notice, profile, latest) and await _accepts_email(ports, notice)):
        return False
    await reserve_send_slot(
        ports, notice, profile, subject=notice.data.appointment_id, is_first_attempt=is_first_attempt
    )
    if not await _send_notice(ports, notice, profile):
        return False
    log.info(
        "notice_sent", notice=notice.type, channel=notice.data.contact_kind, appointment_id=notice.data.appointment_id
    )
    if change and not change.is_known and profile.quiet_hours:
        await _mark_known(ports, notice.data.appointment_id, change)
    return True


async def _mark_known(ports: NotificationPorts, appointment_id: str, change: VisitChange) -> None:
    """Record what the visitor knows now; it is not worth sending the notice twice."""
    try:
        await ports.visit_changes.mark_known(appointment_id, change.new_start)
    except TransientError as error:
        log.warning("notice_not_marked", appointment_id=appointment_id, reason=error.reason)


async def _find_latest_change(ports: NotificationPorts, notice: VisitorNotice) -> VisitChange | None:
    """Return the change of the visit that may have made the notice outdated; one that waited or is replayed may be."""
    # Only what the business cancelled can be reinstated.
    is_cancelled_by_business = isinstance(notice, AppointmentCancelled) and notice.by == "business"
    if not (confirms_visit(notice) or is_cancelled_by_business):
        return None
    return await ports.visit_changes.find_latest(notice.data.appointment_id)


def _is_in_time(
    ports: NotificationPorts, notice: VisitorNotice, profile: TenantProfile, latest: VisitChange | None
) -> bool:
    """Return True if the notice may be sent now, False for a reminder that would be too late after the quiet hours.

    Raises:
        NotYetError: the notice waits for the end of the quiet hours.
    """
    now = ports.clock.now()
    quiet_hours_end = find_quiet_hours_end(notice, profile, now, latest)
    if quiet_hours_end is None:
        return True
    if is_too_late(notice, quiet_hours_end):
        log.info("notice_stale", notice=notice.type)
        return False
    raise NotYetError("quiet hours", wait=quiet_hours_end - now)


async def _accepts_email(ports: NotificationPorts, notice: VisitorNotice) -> bool:
    """Return whether the contact may be written to: False for a reminder to a suppressed address.

    A reminder that is not sent loses no information. Any other notice that is not sent leaves the visitor without a
    code, or wrong about the appointment: it is dead-lettered, so that the staff of the business can call the visitor.

    Raises:
        PermanentError: `address_suppressed`: another notice to a suppressed address.
    """
    if notice.data.contact_kind != "email":
        return True
    suppression = await ports.suppressions.find(notice.data.contact, at=ports.clock.now())
    if suppression is None:
        return True
    if isinstance(notice, AppointmentReminder):
        log.info("notice_suppressed", notice=notice.type, why=suppression.reason)
        return False
    raise PermanentError("address_suppressed", f"no e-mails are sent to this address: {suppression.reason}")


async def _send_notice(ports: NotificationPorts, notice: VisitorNotice, profile: TenantProfile) -> bool:
    """Render the notice and give it to the provider; return False for a reminder that the budget leaves no room for.

    Code and links are computed only here, and are never queued.
    """
    code = (
        derive_verification_code(ports.code_key, notice.data.appointment_id, notice.send_number)
        if isinstance(notice, SendCode)
        else None
    )
    if notice.data.contact_kind == "phone":
        if ports.sms_sender is None:
            # Booking accepted the number while text messages were on.
            raise PermanentError("sms_off", "text messages are off: set SMS_ENABLED, then replay the notice")
        message = ports.text_message_templates.render(notice, profile, code=code)
        return await send_text_message(ports, ports.sms_sender, notice, profile, message)
    if ports.mailer is None:
        # Booking accepted the address, or planned the reminder, while e-mail was on.
        raise PermanentError("mail_off", "e-mail is off: set SES_FROM_EMAIL, then replay the notice")
    now = ports.clock.now()
    links = issue_appointment_links(ports.links, notice, profile, now)
    email = ports.email_templates.render(
        notice, profile, code=code, links=links, is_changeable=is_changeable(notice, profile, now)
    )
    await ports.mailer.send(email)
    return True
