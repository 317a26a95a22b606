"""Renders templates, with automatic escaping, in the reader's language and the time zone of the desk."""

import functools
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_timedelta
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from ops.desk.domain.values import Operator
from ops.web.language import find_request_texts
from ops.web.reasons import describe_reason, find_advice
from ops.web.sessions import CSRF_FIELD, Sessions
from shared.clock import Clock
from shared.languages.catalogue import Texts
from shared.languages.cldr import get_cldr_locale

TEMPLATES = Path(__file__).parent / "templates"


class Rendering:
    """Renders templates with what every page needs: texts, times, the operator, and the form token."""

    def __init__(self, *, sessions: Sessions, clock: Clock, zone: ZoneInfo) -> None:
        self._sessions = sessions
        self._clock = clock
        self._zone = zone
        self._templates = _open_templates()

    @property
    def zone(self) -> ZoneInfo:
        """Return the time zone of the desk, for times that do not belong to a business."""
        return self._zone

    def render_page(
        self, request: Request, template: str, operator: Operator | None = None, *, status: int = 200, **content: Any
    ) -> HTMLResponse:
        """Return a page. `said` in the query names the outcome of the last action; unknown names are ignored."""
        t = find_request_texts(request)
        outcome = request.query_params.get("said", "")
        html = self._templates.get_template(template).render(
            **content,
            t=t,
            when=Times(t, self._zone, self._clock.now()),
            language=t.language,
            operator=operator,
            has_shared_token=operator is not None and self._sessions.has_shared_token(request),
            here=request.url.path,
            outcome=outcome,
            outcome_text=t.get(f"said_{outcome}"),
            csrf=Markup('<input type="hidden" name="{}" value="{}">').format(
                CSRF_FIELD, self._sessions.get_form_token(request)
            ),
            build_query=build_query,
        )
        return HTMLResponse(html, status_code=status)


def build_query(**parameters: str | None) -> str:
    """Return the query of an address, without empty parameters."""
    non_empty = {name: value for name, value in parameters.items() if value}
    return f"?{urlencode(non_empty)}" if non_empty else ""


class Times:
    """Formats times in the reader's language."""

    def __init__(self, t: Texts, zone: ZoneInfo, now: datetime) -> None:
        self._locale = get_cldr_locale(t.language)
        self._t = t
        self._zone = zone
        self._now = now

    def format_exact(self, at: datetime, zone: ZoneInfo | None = None) -> str:
        """Return date and time: `24 Nov 2026, 17:05`."""
        return self._format("format_exact", at, zone)

    def format_precise(self, at: datetime) -> str:
        """Return date and time with seconds and zone."""
        return self._format("format_precise", at)

    def format_in_business_zone(self, at: datetime) -> str:
        """Return date and time with the offset that the instant has: the one of the business."""
        return self._format("format_requested", at.replace(tzinfo=UTC), ZoneInfo("UTC"))

    def format_clock(self, at: datetime, zone: ZoneInfo | None = None) -> str:
        """Return the time of day."""
        return self._format("format_clock", at, zone)

    def format_day(self, day: date) -> str:
        """Return a date with its weekday."""
        return format_date(day, self._t("format_day"), locale=self._locale)

    def format_ago(self, at: datetime) -> str:
        """Return how long ago it was: `5 minutes ago`."""
        return format_timedelta(at - self._now, add_direction=True, locale=self._locale, threshold=1.2)

    def format_span(self, seconds: float) -> str:
        """Return a span of time in short: `5 min`."""
        return format_timedelta(timedelta(seconds=max(seconds, 0)), locale=self._locale, format="short", threshold=1.2)

    def _format(self, pattern: str, at: datetime, zone: ZoneInfo | None = None) -> str:
        return format_datetime(at, self._t(pattern), tzinfo=zone or self._zone, locale=self._locale)


@functools.cache  # it compiles each template once
def _open_templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(describe_reason=describe_reason, find_advice=find_advice)
    return environment
