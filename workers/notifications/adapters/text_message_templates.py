"""Renders notices as SMS from `templates/<notice>.sms.txt`: one part each, however long the names are."""

from datetime import tzinfo

from shared.languages.catalogue import Catalogue
from shared.messages.notices import ChooseAgain, SendCode
from shared.tenants.profile import TenantProfile
from workers.notifications.adapters.templates import CATALOGUE, NoticeTemplates, format_instant, is_ambiguous_hour
from workers.notifications.domain import TextMessage, VisitorNotice, flatten_text, shorten_to_septets, to_gsm_text

_NAME_SEPTETS = 30
"""For the name of the business and of the service each: what the longest text leaves room for."""

_OFFSET_SEPTETS = len(" (GMT+02:00)")
"""What the offset adds to a time in an hour that occurs twice."""

_MIN_NAME_SEPTETS = 12
"""A name that is cut to fewer would not be recognized."""


class JinjaTextMessageTemplates:
    """Text messages in the reader's language, or in the business's, in the GSM 7-bit alphabet.

    They contain no link, which alone would fill two parts, and nothing that a visitor typed.
    """

    def __init__(self, catalogue: Catalogue = CATALOGUE) -> None:
        self._catalogue = catalogue
        self._templates = NoticeTemplates("sms.txt")

    def render(self, notice: VisitorNotice, profile: TenantProfile, *, code: str | None) -> TextMessage:
        """Return the message."""
        t, zone = self._catalogue.get_texts(notice.locale, profile.locale), profile.zone
        room = max(_NAME_SEPTETS - _OFFSET_SEPTETS * _count_offsets(notice, zone), _MIN_NAME_SEPTETS)
        extra: dict[str, object] = {}
        if isinstance(notice, SendCode):
            expires = format_instant(notice.expires_at, t("format_time"), language=t.language, zone=zone)
            extra = {"code": code, "expires": expires}
        elif isinstance(notice, ChooseAgain):
            extra = {"stands": notice.stands}
        # A name that consists of emoji is empty in GSM characters.
        business = shorten_to_septets(flatten_text(profile.name), room) or shorten_to_septets(notice.tenant, room)
        text = self._templates.render(
            notice,
            t,
            **extra,
            business=business,
            service=shorten_to_septets(flatten_text(notice.data.service_name), room) or business,
            start=format_instant(notice.data.start, t("format_sms_date"), language=t.language, zone=zone),
        )
        return TextMessage(recipient=notice.data.contact, text=to_gsm_text(text))


def _count_offsets(notice: VisitorNotice, zone: tzinfo) -> int:
    """Return how many times in the message need their offset."""
    instants = [notice.data.start, *([notice.expires_at] if isinstance(notice, SendCode) else [])]
    return sum(is_ambiguous_hour(instant, zone) for instant in instants)
