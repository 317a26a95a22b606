"""The pages of the owner's day: a day with visits and conversations, and one conversation with its actions."""

from datetime import date, timedelta

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ops.desk.domain.values import Operator
from ops.today.today import Today
from ops.today.values import AnswerOutcome
from ops.web.rendering import Rendering
from ops.web.route_guard import RouteGuard
from shared.ids import new_id
from shared.messages.limits import MAX_CHAT_CHARACTERS

_CONVERSATION = "/today/{tenant}/conversations/{session_id}"
_MAX_ID_CHARACTERS = 64
"""The maximum length of the id of a form; generated ids have 32 characters."""


class TodayPages:
    """Shows the days and conversations of the businesses that the operator may see."""

    def __init__(self, *, today: Today, rendering: Rendering) -> None:
        self._today = today
        self._rendering = rendering

    def routes(self, guard: RouteGuard) -> list[Route]:
        """Return the routes of the pages and actions."""
        return [
            guard.page("/today", self._list_businesses),
            guard.page("/today/{tenant}", self._show_day),
            guard.page(_CONVERSATION, self._show_conversation),
            guard.action(_CONVERSATION, self._answer),
            guard.action(f"{_CONVERSATION}/take-over", self._take_over),
            guard.action(f"{_CONVERSATION}/hand-back", self._hand_back),
        ]

    async def _list_businesses(self, request: Request, operator: Operator) -> Response:
        businesses = await self._today.businesses(operator)
        if len(businesses) == 1:
            return RedirectResponse(f"/today/{businesses[0]}", status_code=303)
        return self._rendering.page(request, "businesses.html", operator, businesses=businesses)

    async def _show_day(self, request: Request, operator: Operator) -> Response:
        day = await self._today.day(
            operator, request.path_params["tenant"], _parse_date(request.query_params.get("day"))
        )
        if day is None:
            raise HTTPException(404)
        return self._rendering.page(
            request,
            "today.html",
            operator,
            day=day,
            before=day.day - timedelta(days=1),
            after=day.day + timedelta(days=1),
            press_id=new_id(),
        )

    async def _show_conversation(self, request: Request, operator: Operator) -> Response:
        return await self._render_conversation(request, operator)

    async def _answer(self, request: Request, operator: Operator, form: FormData) -> Response:
        text, answer_id = str(form.get("text", "")).replace("\r\n", "\n"), _form_id(form, "answer_id")
        tenant, session_id = request.path_params["tenant"], request.path_params["session_id"]
        outcome = await self._today.answer(operator, tenant, session_id, text, answer_id=answer_id)
        if outcome is AnswerOutcome.SENT:
            return RedirectResponse(f"{request.url.path}?said=answered", status_code=303)
        return await self._render_conversation(request, operator, text=text, problem=outcome, answer_id=answer_id)

    async def _take_over(self, request: Request, operator: Operator, form: FormData) -> Response:
        tenant, session_id = request.path_params["tenant"], request.path_params["session_id"]
        outcome = await self._today.take_over(operator, tenant, session_id, press_id=_form_id(form, "press_id"))
        return _redirect_to_conversation(request, outcome, action="took_over")

    async def _hand_back(self, request: Request, operator: Operator, form: FormData) -> Response:
        tenant, session_id = request.path_params["tenant"], request.path_params["session_id"]
        outcome = await self._today.hand_back(operator, tenant, session_id, press_id=_form_id(form, "press_id"))
        return _redirect_to_conversation(request, outcome, action="handed_back")

    async def _render_conversation(
        self,
        request: Request,
        operator: Operator,
        *,
        text: str = "",
        problem: AnswerOutcome | None = None,
        answer_id: str | None = None,
    ) -> Response:
        conversation = await self._today.conversation(
            operator, request.path_params["tenant"], request.path_params["session_id"]
        )
        if conversation is None:
            raise HTTPException(404)
        # Each form has an id, so that an answer is sent once. A text that may have been sent already keeps its id; only
        # a text that differs from the one sent under this id gets a new one.
        keeps_id = answer_id and problem is not AnswerOutcome.OTHER_TEXT
        return self._rendering.page(
            request,
            "conversation.html",
            operator,
            status=422 if problem else 200,
            conversation=conversation,
            text=text,
            problem=problem,
            answer_id=answer_id if keeps_id else new_id(),
            press_id=new_id(),
            max_characters=MAX_CHAT_CHARACTERS,
        )


def _form_id(form: FormData, name: str) -> str:
    return str(form.get(name, ""))[:_MAX_ID_CHARACTERS]


def _redirect_to_conversation(request: Request, outcome: AnswerOutcome, *, action: str) -> Response:
    """Redirect to the conversation, whose page shows the current takeover."""
    if outcome is AnswerOutcome.UNKNOWN:
        raise HTTPException(404)
    address = request.url.path.rpartition("/")[0]
    return RedirectResponse(f"{address}?said={action}" if outcome is AnswerOutcome.SENT else address, status_code=303)


def _parse_date(text: str | None) -> date | None:
    try:
        day = date.fromisoformat(text or "")
    except ValueError:
        return None
    # The page links to the days around it, and Python's dates end with the year 9999.
    return day if 1970 < day.year < 9998 else None
