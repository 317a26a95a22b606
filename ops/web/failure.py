"""The page of one failure: what it says, its story, what a replay would do, and what can be done."""

from collections.abc import Mapping
from typing import Any

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ops.desk.desk import Desk
from ops.desk.domain.values import Case, Discarded, Edited, FieldProblem, Invalid, NotPossible, Operator, Replayed, Why
from ops.web.fields import FIELD, Field, data_from, fields_of, problem_text
from ops.web.language import texts_of
from ops.web.rendering import Rendering
from ops.web.route_guard import RouteGuard
from ops.web.sessions import Sessions
from ops.web.story import told

_ONE = "/failures/{failure_id}"


class FailurePages:
    """Shows one failure, and replays, edits or discards it. To see or edit personal data is an action, on record.

    Such an action leads to a page that can be fetched again for a while, so that a browser finds its way back to it.
    """

    def __init__(self, *, desk: Desk, sessions: Sessions, rendering: Rendering) -> None:
        self._desk = desk
        self._sessions = sessions
        self._rendering = rendering

    def routes(self, guard: RouteGuard) -> list[Route]:
        """Return the page and its actions."""
        return [
            guard.page(_ONE, self._show),
            guard.action(f"{_ONE}/unmask", self._unmask),
            guard.page(f"{_ONE}/unmasked", self._show_unmasked),
            guard.action(f"{_ONE}/replay", self._replay),
            guard.action(f"{_ONE}/discard", self._discard),
            guard.action(f"{_ONE}/edit", self._edit),
            guard.page(f"{_ONE}/edit", self._show_form),
            guard.action(f"{_ONE}/data", self._save),
        ]

    async def _show(self, request: Request, operator: Operator) -> Response:
        return self._page(request, operator, await self._case(request, operator))

    async def _unmask(self, request: Request, operator: Operator, _form: FormData) -> Response:
        await self._look(request, operator)
        return RedirectResponse(f"/failures/{_id(request)}/unmasked", status_code=303)

    async def _show_unmasked(self, request: Request, operator: Operator) -> Response:
        if not self._sessions.is_looking(request, _id(request)):
            return RedirectResponse(f"/failures/{_id(request)}", status_code=303)
        return self._page(request, operator, await self._case_again(request, operator), unmasked=True)

    async def _look(self, request: Request, operator: Operator) -> Case:
        """Put a look on record, and let the session come back to it."""
        case = await self._desk.show(operator, _id(request), unmasked=True)
        if case is None:
            raise HTTPException(404)
        self._sessions.begin_look(request, _id(request))
        return case

    async def _replay(self, request: Request, operator: Operator, form: FormData) -> Response:
        return await self._replayed(request, operator, again=form.get("again") == "yes")

    async def _replayed(self, request: Request, operator: Operator, *, again: bool = False) -> Response:
        outcome = await self._desk.replay(operator, _id(request), again=again)
        if isinstance(outcome, Replayed):
            return _back(request, "replayed")
        return await self._not_done(request, operator, outcome)

    async def _discard(self, request: Request, operator: Operator, form: FormData) -> Response:
        outcome = await self._desk.discard(operator, _id(request), str(form.get("reason", "")))
        if isinstance(outcome, Discarded):
            return _back(request, "discarded")
        return await self._not_done(request, operator, outcome)

    async def _edit(self, request: Request, operator: Operator, _form: FormData) -> Response:
        case = await self._look(request, operator)
        if case.data is None:
            return self._page(request, operator, case, problem=NotPossible(Why.NOT_EDITABLE), status=409)
        return RedirectResponse(f"/failures/{_id(request)}/edit", status_code=303)

    async def _show_form(self, request: Request, operator: Operator) -> Response:
        if self._sessions.is_looking(request, _id(request)):
            case = await self._case_again(request, operator)
            if case.data is not None:
                return self._form(request, operator, case, fields_of(case.data, case.editable))
        return RedirectResponse(f"/failures/{_id(request)}", status_code=303)

    async def _save(self, request: Request, operator: Operator, form: FormData) -> Response:
        given = {name.removeprefix(FIELD): str(value) for name, value in form.items() if name.startswith(FIELD)}
        outcome = await self._desk.edit(operator, _id(request), data_from(given))
        match outcome:
            case Edited() if form.get("do") == "replay":
                return await self._replayed(request, operator)
            case Edited():
                return _back(request, "edited")
            case Invalid(problems):
                return await self._again(request, operator, given, problems)
            case NotPossible():
                return await self._not_done(request, operator, outcome)

    async def _again(
        self, request: Request, operator: Operator, given: Mapping[str, str], problems: Mapping[str, FieldProblem]
    ) -> Response:
        """Show the form as it was filled in, with what is wrong at each field."""
        case = await self._case(request, operator)
        t = texts_of(request)
        texts = {name: problem_text(problem, t) for name, problem in problems.items()}
        fields = [Field(name, text, texts.get(name, "")) for name, text in given.items()]
        others = [text for name, text in texts.items() if name not in given]
        return self._form(request, operator, case, fields, others=others, status=422)

    async def _not_done(self, request: Request, operator: Operator, why: NotPossible) -> Response:
        if why.why is Why.UNKNOWN:
            raise HTTPException(404)
        return self._page(request, operator, await self._case(request, operator), problem=why, status=409)

    async def _case_again(self, request: Request, operator: Operator) -> Case:
        """Return the failure as the look that is under way shows it."""
        return await self._case(request, operator, unmasked=True)

    async def _case(self, request: Request, operator: Operator, *, unmasked: bool = False) -> Case:
        case = await self._desk.show(operator, _id(request), unmasked=unmasked, is_on_record=unmasked)
        if case is None:
            raise HTTPException(404)
        return case

    def _page(
        self,
        request: Request,
        operator: Operator,
        case: Case,
        *,
        unmasked: bool = False,
        problem: NotPossible | None = None,
        status: int = 200,
    ) -> Response:
        t = texts_of(request)
        return self._rendering.page(
            request,
            "failure.html",
            operator,
            status=status,
            case=case,
            story=[told(entry, t) for entry in case.failure.audit_trail],
            unmasked=unmasked,
            problem=problem,
        )

    def _form(
        self,
        request: Request,
        operator: Operator,
        case: Case,
        fields: list[Field],
        *,
        others: list[str] | None = None,
        status: int = 200,
    ) -> Response:
        shown: dict[str, Any] = {"case": case, "fields": fields, "others": others or []}
        return self._rendering.page(request, "edit.html", operator, status=status, **shown)


def _id(request: Request) -> str:
    return str(request.path_params["failure_id"])


def _back(request: Request, said: str) -> Response:
    return RedirectResponse(f"/failures/{_id(request)}?said={said}", status_code=303)
