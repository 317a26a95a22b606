"""Words notices as SMS from `templates/<notice>.sms.txt`: one part each, however long the names are."""

from datetime import tzinfo

from shared.languages.catalogue import Catalogue
from shared.messages.notices import ChooseAgain, SendCode
from shared.tenants.profile import TenantProfile
from workers.notifications.adapters.templates import CATALOGUE, NoticeTemplates, format_instant, is_ambiguous_hour
from workers.notifications.domain import TextMessage, VisitorNotice, flatten_text, shorten_to_septets, to_gsm_text

_NAME_SEPTETS = 30
"""Of the business's and of the service's name: what the longest sentence around them leaves room for."""

_OFFSET_SEPTETS = len(" (GMT+02:00)")
"""What a time takes more in an hour that the clocks show twice."""

_LEAST_SEPTETS = 12
"""Of a name, that it can still be known by."""


class JinjaTextMessageTemplates:
    """Short messages in the reader's language, or in the business's, in letters that fit.

    They are without a link, which alone would fill two parts, and without anything that a visitor typed.
    """

    def __init__(self, catalogue: Catalogue = CATALOGUE) -> None:
        self._catalogue = catalogue
        self._templates = NoticeTemplates("sms.txt")

    def render(self, notice: VisitorNotice, profile: TenantProfile, *, code: str | None) -> TextMessage:
        """Return the message."""
        t, zone = self._catalogue.texts(notice.locale, profile.locale), profile.zone
        room = max(_NAME_SEPTETS - _OFFSET_SEPTETS * _offsets(notice, zone), _LEAST_SEPTETS)
        own: dict[str, object] = {}
        if isinstance(notice, SendCode):
            expires = format_instant(notice.expires_at, t("format_time"), language=t.language, zone=zone)
            own = {"code": code, "expires": expires}
        elif isinstance(notice, ChooseAgain):
            own = {"stands": notice.stands}
        # A name of emoji alone leaves nothing that can be written.
        business = shorten_to_septets(flatten_text(profile.name), room) or shorten_to_septets(notice.tenant, room)
        text = self._templates.render(
            notice,
            t,
            **own,
            business=business,
            service=shorten_to_septets(flatten_text(notice.data.service_name), room) or business,
            start=format_instant(notice.data.start, t("format_sms_date"), language=t.language, zone=zone),
        )
        return TextMessage(recipient=notice.data.contact, text=to_gsm_text(text))


def _offsets(notice: VisitorNotice, zone: tzinfo) -> int:
    """Return how many of the message's times take their offset to be clear."""
    instants = [notice.data.start, *([notice.expires_at] if isinstance(notice, SendCode) else [])]
    return sum(is_ambiguous_hour(instant, zone) for instant in instants)
