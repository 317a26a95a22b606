"""The first page: how many failures there are and when they came, and how full the queues are."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ops.desk.desk import Desk
from ops.desk.domain.values import Operator, Stats
from ops.queues.figures import GAUGED
from ops.web.language import texts_of
from ops.web.plots import Line, Tick, bars, day_ticks, lines
from ops.web.rendering import Rendering
from ops.web.route_guard import RouteGuard
from ops.web.samples import Sample, Samples, thinned
from shared.clock import Clock
from shared.languages.catalogue import Texts
from shared.ledger.failures import FailureFilter
from shared.ledger.rules import OPEN

SHOWN_HOURS = 48
_POINTS = 240
_MOST_REASONS = 5
_GAP = timedelta(minutes=1)
_KEPT = timedelta(minutes=1)
_FEW = 500


class OverviewPage:
    """Counts, and draws."""

    def __init__(self, *, desk: Desk, samples: Samples, rendering: Rendering, clock: Clock) -> None:
        self._desk = desk
        self._samples = samples
        self._rendering = rendering
        self._clock = clock
        self._known: dict[frozenset[str] | None, tuple[datetime, Stats, Stats]] = {}

    def routes(self, guard: RouteGuard) -> list[Route]:
        """Return the one page."""
        return [guard.page("/", self._show)]

    async def _show(self, request: Request, operator: Operator) -> Response:
        now = self._clock.now()
        waiting, recent = await self._counts(operator, now)
        t, zone = texts_of(request), self._rendering.zone
        reasons = list(recent.by_reason_and_hour)
        samples = thinned(self._samples.taken, _POINTS)
        # How full the queues are says nothing about anybody, but who sees one tenant alone need not know it.
        sees_all = operator.tenants is None
        return self._rendering.page(
            request,
            "overview.html",
            operator,
            waiting=waiting,
            recent=recent,
            by_hour=_by_hour(recent, reasons, t, zone, now),
            reasons=[t.or_itself("reason", name) for name in _shown(reasons)]
            + ([t("other_reasons")] if len(reasons) > _MOST_REASONS else []),
            sample=self._samples.latest if sees_all else None,
            depth=_over_time(samples, t, zone, oldest=False) if sees_all and samples else None,
            oldest=_over_time(samples, t, zone, oldest=True) if sees_all and samples else None,
            queues=GAUGED,
        )

    async def _counts(self, operator: Operator, now: datetime) -> tuple[Stats, Stats]:
        """Return what waits and what is recent; many are counted anew only now and then, for each reading costs."""
        known = self._known.get(operator.tenants)
        if known and now - known[0] < _KEPT and known[1].total + known[2].total > _FEW:
            return known[1], known[2]
        waiting = await self._desk.stats(operator, FailureFilter(states=OPEN))
        recent = await self._desk.stats(operator, FailureFilter(since=now - timedelta(hours=SHOWN_HOURS)))
        self._known[operator.tenants] = (now, waiting, recent)
        return waiting, recent


def _by_hour(stats: Stats, reasons: Sequence[str], t: Texts, zone: ZoneInfo, now: datetime) -> Markup:
    """Return the plot of failures of the last hours, by reason; rare reasons are one."""
    this_hour = now.replace(minute=0, second=0, microsecond=0)
    hours = [this_hour - timedelta(hours=back) for back in range(SHOWN_HOURS - 1, -1, -1)]
    shown = _shown(reasons)
    values = []
    for hour in hours:
        parts = {t.or_itself("reason", name): stats.by_reason_and_hour[name].get(hour, 0) for name in shown}
        others = sum(stats.by_reason_and_hour[name].get(hour, 0) for name in reasons if name not in shown)
        if len(reasons) > len(shown):
            parts[t("other_reasons")] = others
        values.append((f"{hour.astimezone(zone):%d.%m %H:%M}", parts))
    first, last = hours[0].astimezone(zone), (this_hour + timedelta(hours=1)).astimezone(zone)
    return bars(t("plot_failures"), values, _day_marks(first, last))


def _shown(reasons: Sequence[str]) -> Sequence[str]:
    return reasons[:_MOST_REASONS]


def _day_marks(first: datetime, last: datetime) -> list[Tick]:
    return day_ticks(first, last, most=4)


def _over_time(samples: Sequence[Sample], t: Texts, zone: ZoneInfo, *, oldest: bool) -> Markup:
    """Return the plot of a figure of each queue; a pause between samples interrupts the lines."""
    first, last = samples[0].at, samples[-1].at
    span = (last - first).total_seconds() or 1.0
    series = []
    for queue in GAUGED:
        points: list[tuple[float, float | None]] = []
        before = first
        for sample in samples:
            at = (sample.at - first).total_seconds() / span
            if sample.at - before > max(_GAP, 3 * (last - first) / _POINTS):
                points.append((at, None))
            own = next((one for one in sample.figures if one.queue == queue), None)
            points.append((at, None if own is None else own.oldest_seconds if oldest else own.waiting + own.in_flight))
            before = sample.at
        series.append(Line(t.or_itself("queue", queue), points))
    title = t("plot_oldest") if oldest else t("plot_depth")
    return lines(title, series, day_ticks(first.astimezone(zone), last.astimezone(zone), most=4))
