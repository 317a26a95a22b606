"""Puts the entries of a conversation into words, under the days of the business."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from babel.dates import format_date

from shared.languages.catalogue import Texts
from shared.languages.cldr import get_cldr_locale
from shared.tenants.profile import TenantProfile
from shared.typed_names import is_unsafe_character
from workers.notifications.adapters.templates import format_instant
from workers.notifications.domain import TranscriptEntry, flatten_text

_KEPT_CONTROLS = frozenset("\n\t")


@dataclass(frozen=True, slots=True)
class WordedEntry:
    """An entry as it is read."""

    who: str
    """Empty for a notice of ours."""
    time: str
    text: str


@dataclass(frozen=True, slots=True)
class WordedDay:
    """The entries of one day."""

    date: str
    entries: list[WordedEntry] = field(default_factory=list)


def group_by_day(entries: Sequence[TranscriptEntry], profile: TenantProfile, t: Texts) -> list[WordedDay]:
    """Return the days of a conversation with their entries, in order."""
    days: list[WordedDay] = []
    for entry in entries:
        date = _format_day(entry.at, profile, t) if entry.at else ""
        if not days or days[-1].date != date:
            days.append(WordedDay(date))
        days[-1].entries.append(_word_entry(entry, profile, t))
    return days


def _format_day(at: datetime, profile: TenantProfile, t: Texts) -> str:
    return format_date(at.astimezone(profile.zone), t("format_day"), locale=get_cldr_locale(t.language))


def _word_entry(entry: TranscriptEntry, profile: TenantProfile, t: Texts) -> WordedEntry:
    time = format_instant(entry.at, t("format_time"), language=t.language, zone=profile.zone) if entry.at else ""
    match entry.kind:
        case "visitor":
            return WordedEntry(t("transcript_visitor"), time, clean_text(entry.text))
        case "assistant":
            return WordedEntry(t("transcript_assistant"), time, clean_text(entry.text))
        case "person":
            return WordedEntry(flatten_text(entry.name) or t("transcript_person"), time, clean_text(entry.text))
        case "notice":
            return WordedEntry("", time, clean_text(entry.text))
    return WordedEntry("", time, _word_visit(entry, profile, t))


def _word_visit(entry: TranscriptEntry, profile: TenantProfile, t: Texts) -> str:
    service = profile.find_service(entry.service)
    name = service.name.choose_text(t.language, profile.locale) if service else entry.service
    start = format_instant(entry.start, t("format_date"), language=t.language, zone=profile.zone) if entry.start else ""
    return t(f"transcript_{entry.kind}", service=flatten_text(name), start=start, contact=flatten_text(entry.text))


def clean_text(text: str) -> str:
    """Return a text without characters that control a terminal or reorder the text around them; it keeps its breaks."""
    unified = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(char if char in _KEPT_CONTROLS or not is_unsafe_character(char) else " " for char in unified).strip()
