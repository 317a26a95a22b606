"""The first page: counts and plots of failures, and the figures of the queues."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ops.desk.desk import Desk
from ops.desk.domain.values import Operator, Stats
from ops.queues.figures import GAUGED, QueueFigures
from ops.web.language import find_request_texts
from ops.web.plots import Series, list_time_ticks, render_bars, render_lines
from ops.web.reasons import describe_reason
from ops.web.rendering import Rendering
from ops.web.route_guard import RouteGuard
from ops.web.samples import Sample, Samples, thin_out_samples
from shared.circuits.ports import CircuitRecord, CircuitRecords
from shared.clock import Clock
from shared.errors import PermanentError, TransientError, describe_error
from shared.languages.catalogue import Texts
from shared.ledger.failures import FailureFilter
from shared.ledger.rules import OPEN

log = structlog.get_logger()

PLOT_HOURS = 48
_POINTS = 240
_MAX_REASONS = 5
_GAP = timedelta(minutes=1)
_CACHE_DURATION = timedelta(minutes=1)
_CACHE_ABOVE_COUNT = 500


class OverviewPage:
    """Shows the counts and plots; counts of many failures are cached for a minute."""

    def __init__(
        self, *, desk: Desk, samples: Samples, circuits: CircuitRecords, rendering: Rendering, clock: Clock
    ) -> None:
        self._desk = desk
        self._circuits = circuits
        self._samples = samples
        self._rendering = rendering
        self._clock = clock
        self._cache: dict[frozenset[str] | None, tuple[datetime, Stats, Stats]] = {}

    def build_routes(self, guard: RouteGuard) -> list[Route]:
        """Return the route of the page."""
        return [guard.build_page_route("/", self._show_page)]

    async def _show_page(self, request: Request, operator: Operator) -> Response:
        now = self._clock.now()
        open_failures, recent = await self._count_failures(operator, now)
        t, zone = find_request_texts(request), self._rendering.zone
        reasons = list(recent.by_reason_and_hour)
        samples = thin_out_samples(self._samples.history, _POINTS)
        # The queues are shared by all tenants, so only operators who see all tenants see their figures.
        sees_all = operator.tenants is None
        return self._rendering.render_page(
            request,
            "overview.html",
            operator,
            waiting=open_failures,
            recent=recent,
            by_hour=_render_failures_by_hour(recent, reasons, t, zone, now),
            reasons=[describe_reason(t, name) for name in _select_top_reasons(reasons)]
            + ([t("other_reasons")] if len(reasons) > _MAX_REASONS else []),
            sample=self._samples.latest if sees_all else None,
            depth=_render_queue_figures(samples, t, zone, oldest=False) if sees_all and samples else None,
            oldest=_render_queue_figures(samples, t, zone, oldest=True) if sees_all and samples else None,
            queues=GAUGED,
            circuits=await self._list_circuits() if sees_all else (),
        )

    async def _list_circuits(self) -> Sequence[CircuitRecord]:
        """Return what workers do not call now, or did not within the last hour; nothing if that can't be read."""
        try:
            return await self._circuits.list_recent()
        except (TransientError, PermanentError) as error:
            log.warning("circuits_not_read", error=describe_error(error))
            return ()

    async def _count_failures(self, operator: Operator, now: datetime) -> tuple[Stats, Stats]:
        """Return the counts of open and of recent failures; many are counted only once a minute, because reads cost."""
        cached = self._cache.get(operator.tenants)
        if cached and now - cached[0] < _CACHE_DURATION and cached[1].total + cached[2].total > _CACHE_ABOVE_COUNT:
            return cached[1], cached[2]
        open_failures = await self._desk.count_failures(operator, FailureFilter(states=OPEN))
        recent = await self._desk.count_failures(operator, FailureFilter(since=now - timedelta(hours=PLOT_HOURS)))
        self._cache[operator.tenants] = (now, open_failures, recent)
        return open_failures, recent


def _render_failures_by_hour(stats: Stats, reasons: Sequence[str], t: Texts, zone: ZoneInfo, now: datetime) -> Markup:
    """Return the plot of failures of the last hours by reason; rare reasons are combined."""
    this_hour = now.replace(minute=0, second=0, microsecond=0)
    hours = [this_hour - timedelta(hours=back) for back in range(PLOT_HOURS - 1, -1, -1)]
    top_reasons = _select_top_reasons(reasons)
    values = []
    for hour in hours:
        parts = {describe_reason(t, name): stats.by_reason_and_hour[name].get(hour, 0) for name in top_reasons}
        others = sum(stats.by_reason_and_hour[name].get(hour, 0) for name in reasons if name not in top_reasons)
        if len(reasons) > len(top_reasons):
            parts[t("other_reasons")] = others
        values.append((f"{hour.astimezone(zone):%d.%m %H:%M}", parts))
    first, last = hours[0].astimezone(zone), (this_hour + timedelta(hours=1)).astimezone(zone)
    return render_bars(t("plot_failures"), values, list_time_ticks(first, last, max_ticks=4))


def _select_top_reasons(reasons: Sequence[str]) -> Sequence[str]:
    return reasons[:_MAX_REASONS]


def _render_queue_figures(samples: Sequence[Sample], t: Texts, zone: ZoneInfo, *, oldest: bool) -> Markup:
    """Return the plot of one figure of each queue; gaps between samples interrupt the lines."""
    first, last = samples[0].at, samples[-1].at
    span = (last - first).total_seconds() or 1.0
    series = []
    for queue in GAUGED:
        points: list[tuple[float, float | None]] = []
        previous = first
        for sample in samples:
            at = (sample.at - first).total_seconds() / span
            if sample.at - previous > max(_GAP, 3 * (last - first) / _POINTS):
                points.append((at, None))
            figures = next((figures for figures in sample.figures if figures.queue == queue), None)
            points.append((at, _select_figure(figures, oldest=oldest) if figures else None))
            previous = sample.at
        series.append(Series(t.translate_name("queue", queue), points))
    title = t("plot_oldest") if oldest else t("plot_depth")
    return render_lines(title, series, list_time_ticks(first.astimezone(zone), last.astimezone(zone), max_ticks=4))


def _select_figure(figures: QueueFigures, *, oldest: bool) -> float | None:
    return figures.oldest_seconds if oldest else figures.waiting + figures.in_flight
