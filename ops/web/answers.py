"""The pages about answers: the businesses, and of one the judged answers and the questions without an answer."""

from datetime import date, timedelta

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ops.answers.answers import Answers
from ops.desk.domain.values import Operator
from ops.today.today import Today
from ops.web.rendering import Rendering
from ops.web.route_guard import RouteGuard


class AnswersPages:
    """Shows what visitors think of the assistants of the businesses that the operator may see."""

    def __init__(self, *, answers: Answers, today: Today, rendering: Rendering) -> None:
        self._answers = answers
        self._today = today
        self._rendering = rendering

    def build_routes(self, guard: RouteGuard) -> list[Route]:
        """Return the routes of the pages."""
        return [
            guard.build_page_route("/answers", self._list_businesses),
            guard.build_page_route("/answers/{tenant}", self._show_answers),
        ]

    async def _list_businesses(self, request: Request, operator: Operator) -> Response:
        businesses = await self._today.list_businesses(operator)
        if len(businesses) == 1:
            return RedirectResponse(f"/answers/{businesses[0]}", status_code=303)
        return self._rendering.render_page(request, "answers_businesses.html", operator, businesses=businesses)

    async def _show_answers(self, request: Request, operator: Operator) -> Response:
        tenant = request.path_params["tenant"]
        month = _parse_month(request.query_params.get("month"))
        judged = await self._answers.list_judged(operator, tenant)
        unanswered = await self._answers.list_unanswered(operator, tenant, month)
        if judged is None or unanswered is None:
            raise HTTPException(404)
        before = unanswered.month - timedelta(days=1)
        after = unanswered.month + timedelta(days=31)
        return self._rendering.render_page(
            request,
            "answers.html",
            operator,
            judged=judged,
            unanswered=unanswered,
            before=f"{before:%Y-%m}",
            after=None if unanswered.is_current else f"{after:%Y-%m}",
        )


def _parse_month(text: str | None) -> date | None:
    try:
        month = date.fromisoformat(f"{text or ''}-01")
    except ValueError:
        return None
    return month if month.year >= 2002 else None
