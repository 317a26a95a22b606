"""Sends a text message within the budget of its business, and alerts the operators once a day that it is used up."""

import structlog

from shared.errors import PermanentError, TransientError
from shared.ids import derive_id
from shared.messages.notices import AlertFacts, AppointmentReminder, OperatorAlert
from shared.spending.rules import find_local_day, to_nano_dollars
from shared.tenants.profile import TenantProfile
from workers.notifications.dependencies import NotificationPorts
from workers.notifications.domain import TextMessage, VisitorNotice, compute_highest_price
from workers.notifications.handler.alert import alert_operators
from workers.notifications.ports import SmsSender, UnknownOutcomeError

log = structlog.get_logger()

_REASON = "sms_budget_used"


async def send_text_message(
    ports: NotificationPorts, sender: SmsSender, notice: VisitorNotice, profile: TenantProfile, message: TextMessage
) -> bool:
    """Send the message and return True; return False for a reminder that the budget leaves no room for.

    The highest price is reserved before the message is sent, and released if it certainly was not: after a crash too
    much may count as spent, never too little.

    Raises:
        PermanentError: `sms_budget_used`, or the provider's reason.
    """
    now = ports.clock.now()
    day, price = find_local_day(profile, now), compute_highest_price(message.text, ports.sms_max_price_usd)
    dollars = profile.limits.daily_sms_dollars or ports.sms_daily_usd
    if not await ports.sms_budgets.reserve(notice.tenant, day, price, budget=to_nano_dollars(dollars), now=now):
        ports.metrics.count("TextMessagesRefused")
        log.warning("text_message_refused", notice=notice.type, reason=_REASON)
        await _alert_once(ports, notice, profile)
        if isinstance(notice, AppointmentReminder):
            return False  # It says nothing new.
        raise PermanentError(_REASON, "the text messages of this business have cost what they may cost in a day")
    try:
        await sender.send(message)
    except UnknownOutcomeError:
        raise
    except (TransientError, PermanentError):
        await ports.sms_budgets.release(notice.tenant, day, price)
        raise
    return True


async def _alert_once(ports: NotificationPorts, notice: VisitorNotice, profile: TenantProfile) -> None:
    """Alert the operators, once for each business and day; an alert that can't be published is in the log."""
    now = ports.clock.now()
    day = find_local_day(profile, now)
    if not await ports.sms_budgets.note_alert(notice.tenant, day, now=now):
        return
    alert = OperatorAlert(
        id=derive_id(f"{notice.tenant}/{_REASON}/{day.isoformat()}", "alert"),
        tenant=notice.tenant,
        session_id=notice.session_id,
        locale="en",
        accepted_at=now,
        data=AlertFacts(
            reason=_REASON,
            advice=(
                f"The text messages of this business have cost at most what they may cost on {day.isoformat()}. Until "
                "its midnight visitors with telephone numbers get no codes, and are asked for an e-mail address. "
                "Find out who sends them; `limits.daily_sms_dollars` in the profile raises the limit."
            ),
        ),
    )
    try:
        await alert_operators(ports, alert)
    except TransientError as error:
        log.warning("alert_not_published", reason=error.reason, alert=_REASON)
