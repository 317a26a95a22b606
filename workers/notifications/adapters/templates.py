"""The texts in `templates/`, filled with what a notice says; dates as people there write them."""

from datetime import datetime, tzinfo

from babel.dates import format_datetime
from jinja2 import Environment, PackageLoader, StrictUndefined

from shared.messages.notices import AppointmentCancelled, AppointmentRescheduled
from shared.tenants.profile import TenantProfile
from shared.texts import language_of
from workers.notifications.domain import VisitorNotice


class Templates:
    """Reads `<notice>.<language>.<kind>` and fills it in; a fact that a template names and nobody gave fails."""

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

    def fill(self, notice: VisitorNotice, language: str, **facts: object) -> str:
        """Return the text."""
        name = f"{notice.type.removeprefix('notice.')}.{language}.{self._kind}"
        by_business = isinstance(notice, AppointmentCancelled | AppointmentRescheduled) and notice.by == "business"
        return self._environment.get_template(name).render(language=language, by_business=by_business, **facts)


def language_for(notice: VisitorNotice, profile: TenantProfile) -> str:
    """Return the reader's language, or the business's where we do not write the reader's."""
    return language_of(notice.locale, profile.locale)


def written(instant: datetime, pattern: str, *, language: str, zone: tzinfo) -> str:
    """Return an instant as the wall clock of a zone shows it, in a pattern of Unicode TR 35.

    Of an hour that the clocks show twice, its offset says which one is meant.
    """
    wall = instant.astimezone(zone)
    text = format_datetime(wall, pattern, locale=language, tzinfo=zone)
    if not is_shown_twice(instant, zone):
        return text
    return f"{text} ({format_datetime(wall, 'OOOO', locale=language, tzinfo=zone)})"


def is_shown_twice(instant: datetime, zone: tzinfo) -> bool:
    """Whether the clocks of a zone show this hour twice that night."""
    wall = instant.astimezone(zone)
    return wall.replace(fold=0).utcoffset() != wall.replace(fold=1).utcoffset()
