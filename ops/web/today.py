"""The pages of the owner's day: a day with visits and conversations, why a time is not offered, one conversation."""

import re
from datetime import date, timedelta

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from ops.desk.domain.values import Operator
from ops.today.presence import StaffPresence
from ops.today.today import Today
from ops.today.values import AnswerOutcome, OpenQuestionChoice
from ops.web.language import find_request_texts
from ops.web.rendering import Rendering
from ops.web.route_guard import RouteGuard
from shared.ids import compute_fingerprint, new_id
from shared.messages.limits import MAX_CHAT_CHARACTERS

_CONVERSATION = "/today/{tenant}/conversations/{session_id}"
_MAX_ID_CHARACTERS = 64
"""The maximum length of the id of a form; generated ids have 32 characters."""


class TodayPages:
    """Shows the days and conversations of the businesses that the operator may see."""

    def __init__(self, *, today: Today, presence: StaffPresence, rendering: Rendering) -> None:
        self._today = today
        self._presence = presence
        self._rendering = rendering

    def build_routes(self, guard: RouteGuard) -> list[Route]:
        """Return the routes of the pages and actions."""
        return [
            guard.build_page_route("/today", self._list_businesses),
            guard.build_page_route("/today/{tenant}", self._show_day),
            guard.build_page_route("/today/{tenant}/times", self._explain_time),
            guard.build_page_route(_CONVERSATION, self._show_conversation),
            guard.build_action_route(_CONVERSATION, self._send_answer),
            guard.build_action_route(f"{_CONVERSATION}/take-over", self._take_over),
            guard.build_action_route(f"{_CONVERSATION}/hand-back", self._hand_back),
            guard.build_action_route(f"{_CONVERSATION}/clear-request", self._clear_request),
            guard.build_action_route(f"{_CONVERSATION}/answer-open", self._answer_open_question),
            guard.build_action_route(f"{_CONVERSATION}/presence", self._report_presence),
            guard.build_page_route("/today/{tenant}/waiting", self._count_waiting),
        ]

    async def _list_businesses(self, request: Request, operator: Operator) -> Response:
        businesses = await self._today.list_businesses(operator)
        if len(businesses) == 1:
            return RedirectResponse(f"/today/{businesses[0]}", status_code=303)
        return self._rendering.render_page(request, "businesses.html", operator, businesses=businesses)

    async def _show_day(self, request: Request, operator: Operator) -> Response:
        day = await self._today.read_day(
            operator, request.path_params["tenant"], _parse_date(request.query_params.get("day"))
        )
        if day is None:
            raise HTTPException(404)
        return self._rendering.render_page(
            request,
            "today.html",
            operator,
            day=day,
            before=day.day - timedelta(days=1),
            after=day.day + timedelta(days=1),
            press_id=new_id(),
        )

    async def _explain_time(self, request: Request, operator: Operator) -> Response:
        service, time = (request.query_params.get(name, "")[:_MAX_ID_CHARACTERS] for name in ("service", "time"))
        explained = await self._today.explain_time(operator, request.path_params["tenant"], service, time)
        if explained is None:
            raise HTTPException(404)
        return self._rendering.render_page(
            request, "times.html", operator, explained=explained, service=service, time=time
        )

    async def _show_conversation(self, request: Request, operator: Operator) -> Response:
        return await self._render_conversation(request, operator)

    async def _send_answer(self, request: Request, operator: Operator, form: FormData) -> Response:
        text, answer_id = str(form.get("text", "")).replace("\r\n", "\n"), _parse_form_id(form, "answer_id")
        tenant, session_id = request.path_params["tenant"], request.path_params["session_id"]
        outcome = await self._today.send_answer(operator, tenant, session_id, text, answer_id=answer_id)
        if outcome is AnswerOutcome.SENT:
            return RedirectResponse(f"{request.url.path}?said=answered", status_code=303)
        return await self._render_conversation(request, operator, text=text, problem=outcome, answer_id=answer_id)

    async def _take_over(self, request: Request, operator: Operator, form: FormData) -> Response:
        tenant, session_id = request.path_params["tenant"], request.path_params["session_id"]
        outcome = await self._today.take_over_conversation(
            operator, tenant, session_id, press_id=_parse_form_id(form, "press_id")
        )
        return _redirect_to_conversation(request, outcome, action="took_over")

    async def _hand_back(self, request: Request, operator: Operator, form: FormData) -> Response:
        tenant, session_id = request.path_params["tenant"], request.path_params["session_id"]
        outcome = await self._today.hand_back_conversation(
            operator,
            tenant,
            session_id,
            press_id=_parse_form_id(form, "press_id"),
            open_question=_parse_choice(form),
        )
        return _redirect_to_conversation(request, outcome, action="handed_back")

    async def _answer_open_question(self, request: Request, operator: Operator, _: FormData) -> Response:
        # The form needs no id: a question that has an answer is not open any more.
        tenant, session_id = request.path_params["tenant"], request.path_params["session_id"]
        outcome = await self._today.answer_open_question(operator, tenant, session_id)
        return _redirect_to_conversation(request, outcome, action="left_to_assistant")

    async def _report_presence(self, request: Request, operator: Operator, form: FormData) -> Response:
        is_known = await self._presence.report(
            operator,
            request.path_params["tenant"],
            request.path_params["session_id"],
            typing={"1": True, "0": False}.get(str(form.get("typing", ""))),
            read_seq=_parse_seq(form),
        )
        return Response(status_code=204 if is_known else 404)

    async def _count_waiting(self, request: Request, operator: Operator) -> Response:
        """Return how many visitors wait for a person: a sentence, and a mark of each that says nothing about them."""
        waiting = await self._today.list_waiting(operator, request.path_params["tenant"])
        if waiting is None:
            raise HTTPException(404)
        text = find_request_texts(request).plural("somebody_waits", len(waiting)) if waiting else ""
        return JSONResponse({"text": text, "marks": [compute_fingerprint(session)[:8] for session in waiting]})

    async def _clear_request(self, request: Request, operator: Operator, _: FormData) -> Response:
        # The form needs no id: to clear the mark twice is to clear it once.
        tenant, session_id = request.path_params["tenant"], request.path_params["session_id"]
        outcome = await self._today.clear_request(operator, tenant, session_id)
        return _redirect_to_conversation(request, outcome, action="cleared_request")

    async def _render_conversation(
        self,
        request: Request,
        operator: Operator,
        *,
        text: str = "",
        problem: AnswerOutcome | None = None,
        answer_id: str | None = None,
    ) -> Response:
        conversation = await self._today.view_conversation(
            operator, request.path_params["tenant"], request.path_params["session_id"]
        )
        if conversation is None:
            raise HTTPException(404)
        # Each form has an id, so that an answer is sent once. A text that may have been sent already keeps its id; only
        # a text that differs from the one sent under this id gets a new one.
        keeps_id = answer_id and problem is not AnswerOutcome.OTHER_TEXT
        return self._rendering.render_page(
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


def _parse_choice(form: FormData) -> OpenQuestionChoice | None:
    match form.get("open_question"):
        case "answer" | "leave" as choice:
            return choice
    return None


def _parse_seq(form: FormData) -> int | None:
    text = str(form.get("read_seq", ""))
    return int(text) if re.fullmatch(r"[1-9][0-9]{0,14}", text) else None


def _parse_form_id(form: FormData, name: str) -> str:
    return str(form.get(name, ""))[:_MAX_ID_CHARACTERS]


def _redirect_to_conversation(request: Request, outcome: AnswerOutcome, *, action: str) -> Response:
    """Redirect to the conversation, whose page shows the current takeover."""
    if outcome is AnswerOutcome.UNKNOWN:
        raise HTTPException(404)
    address = request.url.path.rpartition("/")[0]
    if outcome is AnswerOutcome.OPEN_QUESTION:
        # The page shows the question, and two buttons in place of one.
        return RedirectResponse(f"{address}#answering", status_code=303)
    return RedirectResponse(f"{address}?said={action}" if outcome is AnswerOutcome.SENT else address, status_code=303)


def _parse_date(text: str | None) -> date | None:
    try:
        day = date.fromisoformat(text or "")
    except ValueError:
        return None
    # The page links to the days around it, and Python's dates end with the year 9999.
    return day if 1970 < day.year < 9998 else None
