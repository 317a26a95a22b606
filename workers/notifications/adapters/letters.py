"""Words notices from templates: `templates/<notice>.<language>.txt`, whose first line is the subject."""

from babel.dates import format_datetime
from jinja2 import Environment, PackageLoader, StrictUndefined

from shared.messages.notices import AnyNotice, SendCode
from shared.tenants.profile import TenantProfile
from shared.texts import language_of
from workers.notifications.domain import Attachment, Letter, one_line

_DATE_PATTERNS = {"pl": "EEEE, d MMMM y, 'godz.' HH:mm", "en": "EEEE, d MMMM y, HH:mm"}


class TemplateLetters:
    """Plain text letters in Polish and English, dates as people there write them."""

    def __init__(self) -> None:
        # Plain text: nothing to escape; what visitors typed is put on one line below.
        self._templates = Environment(
            loader=PackageLoader("workers.notifications"),
            undefined=StrictUndefined,
            autoescape=False,  # noqa: S701
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )

    def write(self, notice: AnyNotice, profile: TenantProfile, *, code: str | None) -> Letter:
        """Return the letter."""
        language = language_of(notice.locale, profile.locale)
        template = self._templates.get_template(f"{notice.type.removeprefix('notice.')}.{language}.txt")
        zone = profile.zone
        # A code goes to an address that nobody has proved yet: no stranger shall read there what a visitor typed. A
        # template that names the visitor all the same fails.
        typed = {} if isinstance(notice, SendCode) else {"name": one_line(notice.data.name)}
        text = template.render(
            **typed,
            business=one_line(profile.name),
            service=one_line(notice.data.service_name),
            start=format_datetime(
                notice.data.start.astimezone(zone), _DATE_PATTERNS[language], locale=language, tzinfo=zone
            ),
            time_zone=profile.time_zone,
            code=code,
            expires=(
                format_datetime(notice.expires_at.astimezone(zone), "HH:mm", locale=language, tzinfo=zone)
                if isinstance(notice, SendCode)
                else None
            ),
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
