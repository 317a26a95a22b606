"""The texts in `templates/`, filled with what a notice says; dates as people there write them."""

from collections.abc import Callable
from datetime import datetime, tzinfo
from pathlib import Path

from babel.dates import format_datetime
from jinja2 import Environment, PackageLoader, StrictUndefined

from shared.languages.catalogue import Catalogue, Texts
from shared.languages.cldr import cldr_locale
from shared.messages.notices import AppointmentCancelled, AppointmentRescheduled
from workers.notifications.domain import VisitorNotice

CATALOGUE = Catalogue(Path(__file__).parent.parent / "locales")


class NoticeTemplates:
    """Reads `<notice>.<kind>` and fills it in; a fact that a template names and nobody gave fails."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        # In plain text there is nothing to escape; what visitors typed is put on one line before it comes here.
        self._environment = Environment(
            loader=PackageLoader("workers.notifications"),
            undefined=StrictUndefined,
            autoescape=kind == "html",  # noqa: S701 - what is shown as HTML is escaped
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )

    def render(self, notice: VisitorNotice, t: Texts, **facts: object) -> str:
        """Return the text."""
        name = f"{notice.type.removeprefix('notice.')}.{self._kind}"
        by_business = isinstance(notice, AppointmentCancelled | AppointmentRescheduled) and notice.by == "business"
        return self._environment.get_template(name).render(
            t=_unwrap_lines(t) if self._kind == "html" else t, language=t.language, by_business=by_business, **facts
        )


def _unwrap_lines(t: Texts) -> Callable[..., str]:
    """Return texts without their line ends: translators put those where a line of plain text is full."""

    def unwrap_lines(text_id: str, **values: object) -> str:
        return t(text_id, **values).replace("\n", " ")

    return unwrap_lines


def format_instant(instant: datetime, pattern: str, *, language: str, zone: tzinfo) -> str:
    """Return an instant as the wall clock of a zone shows it, in a pattern of Unicode TR 35.

    Of an hour that the clocks show twice, its offset says which one is meant.
    """
    wall, locale = instant.astimezone(zone), cldr_locale(language)
    text = format_datetime(wall, pattern, locale=locale, tzinfo=zone)
    if not is_ambiguous_hour(instant, zone):
        return text
    return f"{text} ({format_datetime(wall, 'OOOO', locale=locale, tzinfo=zone)})"


def is_ambiguous_hour(instant: datetime, zone: tzinfo) -> bool:
    """Whether the clocks of a zone show this hour twice that night."""
    wall = instant.astimezone(zone)
    return wall.replace(fold=0).utcoffset() != wall.replace(fold=1).utcoffset()
