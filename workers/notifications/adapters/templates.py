"""Renders the templates of notices, with dates in the format of the reader's language."""

from collections.abc import Callable
from datetime import datetime, tzinfo
from pathlib import Path

from babel.dates import format_datetime
from jinja2 import Environment, PackageLoader, StrictUndefined

from shared.languages.catalogue import Catalogue, Texts
from shared.languages.cldr import get_cldr_locale
from shared.messages.notices import AppointmentCancelled, AppointmentRescheduled, SendTranscript
from shared.typed_names import flatten_name
from workers.notifications.domain import VisitorNotice

CATALOGUE = Catalogue(Path(__file__).parent.parent / "locales")


class NoticeTemplates:
    """Renders `templates/<notice>.<kind>`; a variable that is missing raises an error."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        # Plain text needs no escaping; what visitors typed is reduced to one line before it gets here.
        self._environment = Environment(
            loader=PackageLoader("workers.notifications"),
            undefined=StrictUndefined,
            autoescape=kind == "html",  # noqa: S701 - HTML is escaped
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self._environment.filters |= {"dialled": format_dialled_number, "flatten": flatten_name}

    def render(self, notice: VisitorNotice | SendTranscript, t: Texts, **facts: object) -> str:
        """Return the text."""
        name = f"{notice.type.removeprefix('notice.')}.{self._kind}"
        by_business = isinstance(notice, AppointmentCancelled | AppointmentRescheduled) and notice.by == "business"
        return self._environment.get_template(name).render(
            t=_unwrap(t) if self._kind == "html" else t, language=t.language, by_business=by_business, **facts
        )


def _unwrap(t: Texts) -> Callable[..., str]:
    """Return a function that removes line breaks from texts: the catalogues have them for the plain text."""

    def render_text(text_id: str, **values: object) -> str:
        return t(text_id, **values).replace("\n", " ")

    return render_text


def format_dialled_number(phone: str) -> str:
    """Return a written number as a `tel` URI has it (RFC 3966): digits, with the + of an international one.

    `+49 (0)30 901820` is a common way to write two numbers in one; from abroad, the zero is not dialled.
    """
    is_international = phone.startswith("+")
    dialled = phone.replace("(0)", "") if is_international else phone
    return ("+" if is_international else "") + "".join(filter(str.isdecimal, dialled))


def format_instant(instant: datetime, pattern: str, *, language: str, zone: tzinfo) -> str:
    """Return an instant as local time of a zone, in a pattern of Unicode TR 35.

    In an hour that occurs twice, because clocks are set back, the offset is added.
    """
    wall, locale = instant.astimezone(zone), get_cldr_locale(language)
    text = format_datetime(wall, pattern, locale=locale, tzinfo=zone)
    if not is_ambiguous_hour(instant, zone):
        return text
    return f"{text} ({format_datetime(wall, 'OOOO', locale=locale, tzinfo=zone)})"


def is_ambiguous_hour(instant: datetime, zone: tzinfo) -> bool:
    """Return whether the local time of the instant occurs twice, because clocks are set back."""
    wall = instant.astimezone(zone)
    return wall.replace(fold=0).utcoffset() != wall.replace(fold=1).utcoffset()
