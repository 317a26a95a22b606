"""Makes pages of templates: whatever they show is text, in the reader's language and time zone."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_time, format_timedelta
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from ops.desk.domain.values import Operator
from ops.web.language import language_of_browser
from ops.web.sessions import CSRF_FIELD, Sessions
from ops.web.words import words_in
from shared.clock import Clock

TEMPLATES = Path(__file__).parent / "templates"


class Rendering:
    """Renders templates with what every page has: words, times, who is signed in, the form's token."""

    def __init__(self, *, sessions: Sessions, clock: Clock, zone: ZoneInfo) -> None:
        self._sessions = sessions
        self._clock = clock
        self._zone = zone
        self._templates = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    @property
    def zone(self) -> ZoneInfo:
        """Return the zone of every time that no business decides."""
        return self._zone

    def page(
        self, request: Request, template: str, operator: Operator | None = None, *, status: int = 200, **content: Any
    ) -> HTMLResponse:
        """Return a page. `said` in the address names the outcome of the last action; unknown ones are ignored."""
        language = language_of(request)
        words = Words(language)
        outcome = request.query_params.get("said", "")
        html = self._templates.get_template(template).render(
            **content,
            t=words,
            when=Times(language, self._zone, self._clock.now()),
            language=language,
            operator=operator,
            here=request.url.path,
            outcome=outcome,
            said=words.get(f"said_{outcome}"),
            csrf=Markup('<input type="hidden" name="{}" value="{}">').format(
                CSRF_FIELD, self._sessions.form_token(request)
            ),
            query=query,
        )
        return HTMLResponse(html, status_code=status)


def language_of(request: Request) -> str:
    """Return the language of a request's page."""
    return language_of_browser(request.headers.get("accept-language", ""))


def query(**parameters: str | None) -> str:
    """Return the query of an address, without what is empty."""
    given = {name: value for name, value in parameters.items() if value}
    return f"?{urlencode(given)}" if given else ""


class Words:
    """The texts of one language: `t("replay")`, or `t("selected", count=3)`; a name that has none is shown itself."""

    def __init__(self, language: str) -> None:
        self._words: Mapping[str, str] = words_in(language)

    def __call__(self, name: str, **values: object) -> str:
        """Return a text with its values filled in."""
        return self[name].format(**values)

    def get(self, name: str) -> str:
        """Return a text that may not be there; empty then."""
        return self._words.get(name, "")

    def __contains__(self, name: str) -> bool:
        return name in self._words

    def __getitem__(self, name: str) -> str:
        return self._words[name]

    def or_itself(self, prefix: str, name: str | None) -> str:
        """Return the text for a name from the data, such as a reason; what nobody translated is shown as it is."""
        return self._words.get(f"{prefix}_{name}", name or "–")


class Times:
    """Writes times as people read them."""

    def __init__(self, language: str, zone: ZoneInfo, now: datetime) -> None:
        self._language = language
        self._zone = zone
        self._now = now

    def exact(self, at: datetime, zone: ZoneInfo | None = None) -> str:
        """Return day and time: `24 Nov 2026, 17:05`."""
        return str(format_datetime(at, "d MMM y, HH:mm", tzinfo=zone or self._zone, locale=self._language))

    def precise(self, at: datetime) -> str:
        """Return day and time with seconds and zone."""
        return str(format_datetime(at, "d MMM y, HH:mm:ss xxx", tzinfo=self._zone, locale=self._language))

    def wish(self, at: datetime) -> str:
        """Return day and time as the business has it: its own offset is kept."""
        return str(format_datetime(at.replace(tzinfo=None), "EEE d MMM y, HH:mm", locale=self._language))

    def clock(self, at: datetime, zone: ZoneInfo | None = None) -> str:
        """Return the time of day."""
        return str(format_time(at, "HH:mm", tzinfo=zone or self._zone, locale=self._language))

    def day(self, day: date) -> str:
        """Return a date with its weekday."""
        return str(format_date(day, "EEEE, d MMMM y", locale=self._language))

    def ago(self, at: datetime) -> str:
        """Return how long ago it was: `5 minutes ago`."""
        return str(format_timedelta(at - self._now, add_direction=True, locale=self._language, threshold=1.2))

    def span(self, seconds: float) -> str:
        """Return a span of time in short: `5 min`."""
        return str(
            format_timedelta(timedelta(seconds=max(seconds, 0)), locale=self._language, format="short", threshold=1.2)
        )
