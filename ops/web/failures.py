"""The page of failures: filters, paging, and what is done to several at once."""

from collections.abc import Callable

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ops.desk.desk import Desk
from ops.desk.domain import transitions
from ops.desk.domain.values import Discarded, Operator, Progress, Tally
from ops.web.filters import AGES, Wanted
from ops.web.rendering import Rendering
from ops.web.route_guard import RouteGuard
from ops.web.runs import Runs
from shared.clock import Clock
from shared.ledger.failures import QUEUES, FailureState

PAGE = 50
_RATES = {"5": 5.0, "20": 20.0, "50": 50.0}
_MAX_CURSOR_CHARACTERS = 4_000


class FailuresPages:
    """Lists failures, and replays or discards those that are chosen or that a filter finds."""

    def __init__(self, *, desk: Desk, runs: Runs, rendering: Rendering, clock: Clock) -> None:
        self._desk = desk
        self._runs = runs
        self._rendering = rendering
        self._clock = clock

    def routes(self, guard: RouteGuard) -> list[Route]:
        """Return pages and actions."""
        return [
            guard.page("/failures", self._list),
            guard.action("/failures/selected", self._selected),
            guard.page("/failures/all", self._ask_about_all),
            guard.action("/failures/all", self._replay_all),
            guard.page("/runs/{run_id}", self._run),
        ]

    async def _list(self, request: Request, operator: Operator) -> Response:
        wanted = Wanted.read(request.query_params)
        after = request.query_params.get("after", "")[:_MAX_CURSOR_CHARACTERS] or None
        now = self._clock.now()
        page = await self._desk.find(operator, wanted.filter(now), limit=PAGE, after=after)
        return self._rendering.page(
            request,
            "failures.html",
            operator,
            failures=page.failures,
            contacts=page.contacts,
            lost={failure.failure_id for failure in page.failures if transitions.is_lost(failure, now)},
            older=page.after,
            is_first=after is None,
            wanted=wanted,
            queues=QUEUES,
            states=list(FailureState),
            ages=list(AGES),
        )

    async def _selected(self, request: Request, operator: Operator, form: FormData) -> Response:
        ids = [str(one) for one in form.getlist("id")][:PAGE]
        if not ids:
            return RedirectResponse(f"/failures{_query(form)}", status_code=303)
        match form.get("do"):
            case "replay":
                run = self._runs.begin(operator, lambda note: self._desk.replay_many(operator, ids, on_progress=note))
                return RedirectResponse(f"/runs/{run.run_id}", status_code=303)
            case "discard":
                return await self._discard(request, operator, ids, str(form.get("reason", "")))
            case _:
                raise HTTPException(400)

    async def _discard(self, request: Request, operator: Operator, ids: list[str], reason: str) -> Response:
        outcomes = [await self._desk.discard(operator, one, reason) for one in ids]
        left = [outcome for outcome in outcomes if not isinstance(outcome, Discarded)]
        return self._rendering.page(
            request, "discarded.html", operator, discarded=len(outcomes) - len(left), reasons=[one.why for one in left]
        )

    async def _ask_about_all(self, request: Request, operator: Operator) -> Response:
        wanted = Wanted.read(request.query_params)
        stats = await self._desk.stats(operator, wanted.filter(self._clock.now()))
        return self._rendering.page(
            request, "replay_all.html", operator, wanted=wanted, stats=stats, rates=list(_RATES)
        )

    async def _replay_all(self, _request: Request, operator: Operator, form: FormData) -> Response:
        wanted = Wanted.read({name: str(value) for name, value in form.items()})
        found = wanted.filter(self._clock.now())
        per_second = _RATES.get(str(form.get("rate")), min(_RATES.values()))
        is_dry = form.get("do") == "dry_run"

        async def work(note: Callable[[Progress], None]) -> Tally:
            return await self._desk.replay_many(
                operator, found, per_second=per_second, dry_run=is_dry, on_progress=note
            )

        run = self._runs.begin(operator, work)
        return RedirectResponse(f"/runs/{run.run_id}", status_code=303)

    async def _run(self, request: Request, operator: Operator) -> Response:
        run = self._runs.of(operator, request.path_params["run_id"])
        if run is None:
            raise HTTPException(404)
        return self._rendering.page(request, "run.html", operator, run=run)


def _query(form: FormData) -> str:
    return Wanted.read({name: str(value) for name, value in form.items()}).query()
