"""A visitor hears of an appointment: by e-mail or by text message, whichever contact they gave."""

import structlog

from shared.codes import verification_code
from shared.errors import PermanentError
from shared.messages.notices import SendCode
from workers.notifications.domain import VisitorNotice, appointment_links
from workers.notifications.handler.roles import Roles

log = structlog.get_logger()


async def tell(roles: Roles, work: VisitorNotice) -> None:
    """Word the notice and send it; code and links are computed here and nowhere else on the way."""
    profile = await roles.tenants.profile(work.tenant)
    code = (
        verification_code(roles.code_key, work.data.appointment_id, work.send_number)
        if isinstance(work, SendCode)
        else None
    )
    if work.data.contact_kind == "phone":
        if roles.texter is None:
            # Booking took the number while text messages were on.
            raise PermanentError("sms_off", "text messages are off: set SMS_ENABLED, then replay the notice")
        await roles.texter.send(roles.text_messages.write(work, profile, code=code))
    else:
        links = appointment_links(roles.links, work, profile, roles.clock.now())
        await roles.mailer.send(roles.letters.write(work, profile, code=code, links=links))
    log.info("notice_sent", notice=work.type, channel=work.data.contact_kind, appointment_id=work.data.appointment_id)
