"""The owner's pages: a day with its visits and conversations, one conversation, and who answers in it."""

from datetime import date, timedelta

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ops.desk.domain.values import Operator
from ops.today.today import Today
from ops.today.values import Answered
from ops.web.rendering import Rendering
from ops.web.route_guard import RouteGuard
from shared.ids import new_id
from shared.messages.limits import MAX_CHAT_CHARACTERS

_TALK = "/today/{tenant}/conversations/{session_id}"
_MOST_ID_CHARACTERS = 64
"""Of a form's id; ours have 32."""


class TodayPages:
    """Shows a business's day to whoever may see the business."""

    def __init__(self, *, today: Today, rendering: Rendering) -> None:
        self._today = today
        self._rendering = rendering

    def routes(self, guard: RouteGuard) -> list[Route]:
        """Return pages and actions."""
        return [
            guard.page("/today", self._choose),
            guard.page("/today/{tenant}", self._day),
            guard.page(_TALK, self._conversation),
            guard.action(_TALK, self._answer),
            guard.action(f"{_TALK}/take-over", self._take_over),
            guard.action(f"{_TALK}/hand-back", self._hand_back),
        ]

    async def _choose(self, request: Request, operator: Operator) -> Response:
        businesses = await self._today.businesses(operator)
        if len(businesses) == 1:
            return RedirectResponse(f"/today/{businesses[0]}", status_code=303)
        return self._rendering.page(request, "businesses.html", operator, businesses=businesses)

    async def _day(self, request: Request, operator: Operator) -> Response:
        day = await self._today.day(operator, request.path_params["tenant"], _date(request.query_params.get("day")))
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

    async def _conversation(self, request: Request, operator: Operator) -> Response:
        return await self._shown(request, operator)

    async def _answer(self, request: Request, operator: Operator, form: FormData) -> Response:
        text, answer_id = str(form.get("text", "")).replace("\r\n", "\n"), _id(form, "answer_id")
        tenant, session_id = request.path_params["tenant"], request.path_params["session_id"]
        outcome = await self._today.answer(operator, tenant, session_id, text, answer_id=answer_id)
        if outcome is Answered.SENT:
            return RedirectResponse(f"{request.url.path}?said=answered", status_code=303)
        return await self._shown(request, operator, text=text, problem=outcome, answer_id=answer_id)

    async def _take_over(self, request: Request, operator: Operator, form: FormData) -> Response:
        tenant, session_id = request.path_params["tenant"], request.path_params["session_id"]
        outcome = await self._today.take_over(operator, tenant, session_id, press_id=_id(form, "press_id"))
        return _back(request, outcome, said="took_over")

    async def _hand_back(self, request: Request, operator: Operator, form: FormData) -> Response:
        tenant, session_id = request.path_params["tenant"], request.path_params["session_id"]
        outcome = await self._today.hand_back(operator, tenant, session_id, press_id=_id(form, "press_id"))
        return _back(request, outcome, said="handed_back")

    async def _shown(
        self,
        request: Request,
        operator: Operator,
        *,
        text: str = "",
        problem: Answered | None = None,
        answer_id: str | None = None,
    ) -> Response:
        found = await self._today.conversation(
            operator, request.path_params["tenant"], request.path_params["session_id"]
        )
        if found is None:
            raise HTTPException(404)
        # Each form has an id of its own: sent twice, it says its words once. Words that may have been said already
        # keep their id; only those that turned out to be others get a new one.
        keeps_id = answer_id and problem is not Answered.OTHER_WORDS
        return self._rendering.page(
            request,
            "conversation.html",
            operator,
            status=422 if problem else 200,
            conversation=found,
            text=text,
            problem=problem,
            answer_id=answer_id if keeps_id else new_id(),
            press_id=new_id(),
            longest=MAX_CHAT_CHARACTERS,
        )


def _id(form: FormData, name: str) -> str:
    return str(form.get(name, ""))[:_MOST_ID_CHARACTERS]


def _back(request: Request, outcome: Answered, *, said: str) -> Response:
    """Lead back to the conversation, which shows how it stands, whoever pressed first."""
    if outcome is Answered.UNKNOWN:
        raise HTTPException(404)
    address = request.url.path.rpartition("/")[0]
    return RedirectResponse(f"{address}?said={said}" if outcome is Answered.SENT else address, status_code=303)


def _date(text: str | None) -> date | None:
    try:
        day = date.fromisoformat(text or "")
    except ValueError:
        return None
    # The days around it are computed, and time zones end with the year 9999.
    return day if 1970 < day.year < 9998 else None
