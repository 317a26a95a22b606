"""The pages about costs: the businesses, and the costs of one as table, plot, CSV and JSON."""

from collections.abc import Mapping
from datetime import date, timedelta

from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from ops.desk.domain.values import Operator
from ops.today.today import Today
from ops.usage.formats import compute_per_booking, compute_per_conversation, format_dollars, render_csv, report_to_row
from ops.usage.usage import Usage
from ops.usage.values import UsageReport
from ops.web.language import find_request_texts
from ops.web.plots import Tick, render_bars
from ops.web.rendering import Rendering
from ops.web.route_guard import RouteGuard
from shared.languages.catalogue import Texts

_MAX_MODELS = 5
_NANO_PER_CENT = 10_000_000


class UsagePages:
    """Shows the costs of the businesses that the operator may see."""

    def __init__(self, *, usage: Usage, today: Today, rendering: Rendering) -> None:
        self._usage = usage
        self._today = today
        self._rendering = rendering

    def build_routes(self, guard: RouteGuard) -> list[Route]:
        """Return the routes of the pages and files."""
        return [
            guard.build_page_route("/usage", self._list_businesses),
            guard.build_page_route("/usage/{tenant}", self._show_report),
            guard.build_page_route("/usage/{tenant}/usage.csv", self._send_csv),
            guard.build_page_route("/usage/{tenant}/usage.json", self._send_json),
        ]

    async def _list_businesses(self, request: Request, operator: Operator) -> Response:
        businesses = await self._today.list_businesses(operator)
        if len(businesses) == 1:
            return RedirectResponse(f"/usage/{businesses[0]}", status_code=303)
        return self._rendering.render_page(request, "usage_businesses.html", operator, businesses=businesses)

    async def _show_report(self, request: Request, operator: Operator) -> Response:
        report, texts = await self._read_report(request, operator), find_request_texts(request)
        return self._rendering.render_page(
            request,
            "usage.html",
            operator,
            report=report,
            plot=_render_plot(report, texts),
            plot_title=_name_plot(report, texts),
            dollars=format_dollars,
            per_conversation=compute_per_conversation(report.total),
            per_booking=compute_per_booking(report),
        )

    async def _send_csv(self, request: Request, operator: Operator) -> Response:
        report = await self._read_report(request, operator)
        name = f"usage-{report.tenant}-{report.first}-{report.last}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(render_csv(report), media_type="text/csv", headers=headers)

    async def _send_json(self, request: Request, operator: Operator) -> Response:
        return JSONResponse(report_to_row(await self._read_report(request, operator)))

    async def _read_report(self, request: Request, operator: Operator) -> UsageReport:
        first, last = (_parse_date(request.query_params.get(name)) for name in ("from", "to"))
        report = await self._usage.read_report(operator, request.path_params["tenant"], first, last)
        if report is None:
            raise HTTPException(404)
        return report


def _render_plot(report: UsageReport, t: Texts) -> Markup | None:
    """Return the costs of each day by model, in whole cents or, if they are small, in hundredths of a cent."""
    if not report.rows:
        return None
    unit = _NANO_PER_CENT // 100 if _is_small(report) else _NANO_PER_CENT
    displayed, others = list(report.by_model)[:_MAX_MODELS], list(report.by_model)[_MAX_MODELS:]
    costs = {(row.day, row.model_id): row.totals.nano_dollars for row in report.rows}
    days = [report.first + timedelta(days=number) for number in range((report.last - report.first).days + 1)]
    values: list[tuple[str, Mapping[str, int]]] = []
    for day in days:
        parts = {model: round(costs.get((day, model), 0) / unit) for model in displayed}
        if others:
            parts[t("usage_other_models")] = round(sum(costs.get((day, model), 0) for model in others) / unit)
        values.append((day.isoformat(), parts))
    ticks = [Tick(0.0, days[0].isoformat()), Tick(1.0, days[-1].isoformat())] if len(days) > 1 else []
    return render_bars(_name_plot(report, t), values, ticks)


def _name_plot(report: UsageReport, t: Texts) -> str:
    """Return what the plot shows, with its unit."""
    return t("usage_plot_small") if _is_small(report) else t("usage_plot")


def _is_small(report: UsageReport) -> bool:
    return max((totals.nano_dollars for totals in report.by_day.values()), default=0) < 10 * _NANO_PER_CENT


def _parse_date(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None
