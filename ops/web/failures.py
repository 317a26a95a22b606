"""The list of failures: filters, paging and bulk actions."""

from collections.abc import Callable

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ops.desk.desk import Desk
from ops.desk.domain import transitions
from ops.desk.domain.values import Discarded, Operator, Progress, Tally
from ops.web.filters import AGES, FilterForm
from ops.web.rendering import Rendering
from ops.web.route_guard import RouteGuard
from ops.web.runs import Runs
from shared.clock import Clock
from shared.ledger.failures import QUEUES, FailureState

PAGE = 50
_RATES = {"5": 5.0, "20": 20.0, "50": 50.0}
_MAX_CURSOR_CHARACTERS = 300
"""A cursor is an instant and an id; a key of an index has a limit, too."""


class FailuresPages:
    """Lists failures, and replays or discards selected ones or all that a filter finds."""

    def __init__(self, *, desk: Desk, runs: Runs, rendering: Rendering, clock: Clock) -> None:
        self._desk = desk
        self._runs = runs
        self._rendering = rendering
        self._clock = clock

    def build_routes(self, guard: RouteGuard) -> list[Route]:
        """Return the routes of the pages and actions."""
        return [
            guard.build_page_route("/failures", self._list_failures),
            guard.build_action_route("/failures/selected", self._act_on_selected),
            guard.build_page_route("/failures/all", self._confirm_replay_all),
            guard.build_action_route("/failures/all", self._replay_all),
            guard.build_page_route("/runs/{run_id}", self._show_run),
        ]

    async def _list_failures(self, request: Request, operator: Operator) -> Response:
        filter_form = FilterForm.parse(request.query_params)
        after = request.query_params.get("after", "")[:_MAX_CURSOR_CHARACTERS] or None
        now = self._clock.now()
        page = await self._desk.find_failures(operator, filter_form.build_filter(now), limit=PAGE, after=after)
        return self._rendering.render_page(
            request,
            "failures.html",
            operator,
            failures=page.failures,
            contacts=page.contacts,
            lost={failure.failure_id for failure in page.failures if transitions.is_lost_replay(failure, now)},
            older=page.after,
            is_first=after is None,
            filter_form=filter_form,
            queues=QUEUES,
            states=list(FailureState),
            ages=list(AGES),
        )

    async def _act_on_selected(self, request: Request, operator: Operator, form: FormData) -> Response:
        ids = [str(failure_id) for failure_id in form.getlist("id")][:PAGE]
        if not ids:
            return RedirectResponse(f"/failures{_build_filter_query(form)}", status_code=303)
        match form.get("do"):
            case "replay":
                run = self._runs.start_run(
                    operator, lambda report: self._desk.replay_failures(operator, ids, on_progress=report)
                )
                return RedirectResponse(f"/runs/{run.run_id}", status_code=303)
            case "discard":
                return await self._discard_failures(request, operator, ids, str(form.get("reason", "")))
            case _:
                raise HTTPException(400)

    async def _discard_failures(self, request: Request, operator: Operator, ids: list[str], reason: str) -> Response:
        outcomes = [await self._desk.discard_failure(operator, failure_id, reason) for failure_id in ids]
        rejected = [outcome for outcome in outcomes if not isinstance(outcome, Discarded)]
        return self._rendering.render_page(
            request,
            "discarded.html",
            operator,
            discarded=len(outcomes) - len(rejected),
            reasons=[outcome.why for outcome in rejected],
        )

    async def _confirm_replay_all(self, request: Request, operator: Operator) -> Response:
        filter_form = FilterForm.parse(request.query_params)
        stats = await self._desk.count_failures(operator, filter_form.build_filter(self._clock.now()))
        return self._rendering.render_page(
            request, "replay_all.html", operator, filter_form=filter_form, stats=stats, rates=list(_RATES)
        )

    async def _replay_all(self, _request: Request, operator: Operator, form: FormData) -> Response:
        filter_form = FilterForm.parse({name: str(value) for name, value in form.items()})
        failure_filter = filter_form.build_filter(self._clock.now())
        per_second = _RATES.get(str(form.get("rate")), min(_RATES.values()))
        is_dry_run = form.get("do") == "dry_run"

        async def replay(report: Callable[[Progress], None]) -> Tally:
            return await self._desk.replay_failures(
                operator, failure_filter, per_second=per_second, dry_run=is_dry_run, on_progress=report
            )

        run = self._runs.start_run(operator, replay)
        return RedirectResponse(f"/runs/{run.run_id}", status_code=303)

    async def _show_run(self, request: Request, operator: Operator) -> Response:
        run = self._runs.get_run(operator, request.path_params["run_id"])
        if run is None:
            raise HTTPException(404)
        return self._rendering.render_page(request, "run.html", operator, run=run)


def _build_filter_query(form: FormData) -> str:
    return FilterForm.parse({name: str(value) for name, value in form.items()}).build_query()
