"""Renders notices as e-mails from `templates/<notice>.txt`, whose first line is the subject, and `<notice>.html`."""

from shared.languages.catalogue import Catalogue, Texts
from shared.messages.notices import ChooseAgain, SendCode, SendTranscript
from shared.tenants.profile import TenantProfile
from shared.tenants.profile_types import choose_line
from workers.notifications.adapters.templates import CATALOGUE, NoticeTemplates, format_instant
from workers.notifications.adapters.transcript_entries import group_by_day
from workers.notifications.domain import (
    AppointmentLinks,
    Email,
    Transcript,
    VisitorNotice,
    attach_calendar_file,
    confirms_visit,
    flatten_text,
)


class JinjaEmailTemplates:
    """E-mails in the reader's language, or in the business's, as plain text and as HTML with the same content."""

    def __init__(self, catalogue: Catalogue = CATALOGUE) -> None:
        self._catalogue = catalogue
        self._text_templates = NoticeTemplates("txt")
        self._html_templates = NoticeTemplates("html")

    def render(
        self,
        notice: VisitorNotice,
        profile: TenantProfile,
        *,
        code: str | None,
        links: AppointmentLinks | None = None,
        is_changeable: bool = True,
    ) -> Email:
        """Return the e-mail."""
        t, zone = self._catalogue.get_texts(notice.locale, profile.locale), profile.zone
        extra: dict[str, object] = {"greeting": t("greeting")}
        if isinstance(notice, SendCode):
            # The address is not verified yet: its owner may be a stranger, who must not read what a visitor typed.
            expires = format_instant(notice.expires_at, t("format_time"), language=t.language, zone=zone)
            extra |= {"code": code, "expires": expires}
        elif isinstance(notice, ChooseAgain):
            # The same holds here: the address of the request may never have been verified.
            extra |= {"stands": notice.stands}
        elif name := flatten_text(notice.data.name):
            extra |= {"greeting": t("greeting_name", name=name)}
        facts = {
            **extra,
            "business": flatten_text(profile.name),
            "service": flatten_text(notice.data.service_name),
            "start": format_instant(notice.data.start, t("format_date"), language=t.language, zone=zone),
            "time_zone": profile.time_zone,
            **_describe_venue(notice, profile, t),
            "answers": getattr(notice, "answers", ()),
            "links": links,
            "is_changeable": is_changeable,
            "change_until": _format_deadline(notice, profile, t),
            "page_url": profile.email_link_page_url,
        }
        text = self._text_templates.render(notice, t, **facts)
        subject, _, body = text.partition("\n")
        html = self._html_templates.render(notice, t, **facts, subject=flatten_text(subject))
        ics = getattr(notice, "ics", None)
        return Email(
            notice_id=notice.id,
            recipient=notice.data.contact,
            sender_name=flatten_text(profile.name),
            reply_to=profile.senders.email,
            subject=flatten_text(subject),
            text=body.strip() + "\n",
            html=html,
            attachments=(attach_calendar_file(ics),) if ics else (),
        )

    def render_transcript(self, notice: SendTranscript, transcript: Transcript, profile: TenantProfile) -> Email:
        """Return the e-mail with a conversation, with the times of the business."""
        t = self._catalogue.get_texts(notice.locale, profile.locale)
        business = flatten_text(profile.name)
        facts: dict[str, object] = {
            "business": business,
            "time_zone": profile.time_zone,
            "is_shortened": transcript.is_shortened,
            "days": group_by_day(transcript.entries, profile, t),
        }
        text = self._text_templates.render(notice, t, **facts)
        subject, _, body = text.partition("\n")
        return Email(
            notice_id=notice.id,
            recipient=notice.data.contact,
            sender_name=business,
            reply_to=profile.senders.email,
            subject=flatten_text(subject),
            text=body.strip() + "\n",
            html=self._html_templates.render(notice, t, **facts, subject=flatten_text(subject)),
        )


def _format_deadline(notice: VisitorNotice, profile: TenantProfile, t: Texts) -> str | None:
    """Return until when the visit can be changed; None if that is its start."""
    if not profile.change_deadline_hours:
        return None
    ends = profile.compute_change_end(notice.data.start)
    return format_instant(ends, t("format_date"), language=t.language, zone=profile.zone)


def _describe_venue(notice: VisitorNotice, profile: TenantProfile, t: Texts) -> dict[str, str]:
    """Return price, fee, address and telephone number; empty where there are none, or the visit does not take place."""
    if not confirms_visit(notice):
        return {"price": "", "cancellation_fee": "", "address": "", "phone": ""}
    language = t.language
    service = profile.find_service(notice.data.service)
    price = choose_line(service.price if service else None, language, profile.locale)
    address = choose_line(profile.address, language, profile.locale)
    fee = choose_line(profile.cancellation_fee, language, profile.locale)
    return {
        "price": flatten_text(price or ""),
        "cancellation_fee": t("cancellation_fee", fee=flatten_text(fee)) if fee else "",
        "address": flatten_text(address or ""),
        "phone": profile.phone or "",
    }
