"""What a visitor who asks for a person reads: that staff know, and when somebody answers."""

from datetime import datetime, timedelta

from shared.languages.catalogue import Texts
from shared.messages.server import HandoverAnnouncement
from shared.tenants.next_opening import find_next_opening
from shared.tenants.opening_hours import WEEKDAYS
from shared.tenants.profile import TenantProfile

_WEEKDAY_ALONE = timedelta(days=6)
"""Within this time, the name of a weekday says which day it is."""


def announce_request(
    profile: TenantProfile, now: datetime, t: Texts, *, is_repeated: bool, has_contact: bool
) -> tuple[HandoverAnnouncement, str]:
    """Return whether the business is open, and the sentences that say when somebody answers."""
    sentences = [t("handover_noted_before" if is_repeated else "handover_noted")]
    announces: HandoverAnnouncement = "handover_requested" if profile.is_open(now) else "handover_closed"
    if announces == "handover_requested":
        sentences.append(t("handover_open"))
    elif opens := find_next_opening(profile, now):
        sentences.append(t("handover_back", when=format_opening(opens, now.astimezone(profile.zone), t)))
    else:
        sentences.append(t("handover_no_hours"))
    if has_contact:
        sentences.append(t("handover_contact"))
    return announces, " ".join(sentences)


def format_opening(opens: datetime, now: datetime, t: Texts) -> str:
    """Return when the business opens, as in "on Monday at 8:00"; both times are in its zone."""
    time = _format(opens, t("handover_format_time"), t.language)
    days = opens.date() - now.date()
    if not days:
        return t("handover_today", time=time)
    if days == timedelta(days=1):
        return t("handover_tomorrow", time=time)
    if days <= _WEEKDAY_ALONE:
        return t(f"handover_{WEEKDAYS[opens.weekday()]}", time=time)
    return t("handover_date", date=_format(opens, t("handover_format_date"), t.language), time=time)


def _format(at: datetime, pattern: str, language: str) -> str:
    # Its import takes 0.04 s of a cold start, so it is imported for the first request only.
    from babel.dates import format_datetime  # noqa: PLC0415

    from shared.languages.cldr import get_cldr_locale  # noqa: PLC0415

    return format_datetime(at, pattern, locale=get_cldr_locale(language), tzinfo=at.tzinfo)
