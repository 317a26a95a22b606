"""Words notices as e-mails from `templates/<notice>.<language>.txt`, whose first line is the subject."""

from shared.messages.notices import SendCode
from shared.tenants.profile import TenantProfile
from workers.notifications.adapters.templates import Templates, language_for, written
from workers.notifications.domain import AppointmentLinks, Attachment, Letter, VisitorNotice, one_line

_DATE_PATTERNS = {"pl": "EEEE, d MMMM y, 'godz.' HH:mm", "en": "EEEE, d MMMM y, HH:mm"}


class TemplateLetters:
    """Plain text letters in Polish and English."""

    def __init__(self) -> None:
        self._templates = Templates("txt")

    def write(
        self,
        notice: VisitorNotice,
        profile: TenantProfile,
        *,
        code: str | None,
        links: AppointmentLinks | None = None,
    ) -> Letter:
        """Return the letter."""
        language, zone = language_for(notice, profile), profile.zone
        if isinstance(notice, SendCode):
            # It goes to an address that nobody has proved yet: no stranger shall read there what a visitor typed. A
            # template that names the visitor all the same fails.
            own = {"code": code, "expires": written(notice.expires_at, "HH:mm", language=language, zone=zone)}
        else:
            own = {"name": one_line(notice.data.name)}
        text = self._templates.fill(
            notice,
            language,
            **own,
            business=one_line(profile.name),
            service=one_line(notice.data.service_name),
            start=written(notice.data.start, _DATE_PATTERNS[language], language=language, zone=zone),
            time_zone=profile.time_zone,
            links=links,
            page=profile.page,
        )
        subject, _, body = text.partition("\n")
        ics = getattr(notice, "ics", None)
        return Letter(
            notice_id=notice.id,
            recipient=notice.data.contact,
            sender_name=one_line(profile.name),
            reply_to=profile.senders.email,
            subject=one_line(subject),
            text=body.strip() + "\n",
            attachments=(Attachment("appointment.ics", "text/calendar", ics),) if ics else (),
        )
