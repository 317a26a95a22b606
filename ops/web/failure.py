"""The page of one failure: its message, audit trail, forecast and actions."""

from collections.abc import Mapping

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ops.desk.desk import Desk
from ops.desk.domain.values import (
    Discarded,
    Edited,
    FailureDetails,
    FieldProblem,
    Invalid,
    NotPossible,
    NotPossibleReason,
    Operator,
    Replayed,
)
from ops.web.audit_trail import describe_entry
from ops.web.fields import FIELD, Field, make_fields, parse_fields, problem_text
from ops.web.language import texts_of
from ops.web.rendering import Rendering
from ops.web.route_guard import RouteGuard
from ops.web.sessions import Sessions

_FAILURE = "/failures/{failure_id}"


class FailurePages:
    """Shows one failure, and replays, edits or discards it.

    Viewing and editing personal data are recorded actions. They redirect to pages that can be fetched again for a few
    minutes, so that Back works in a browser.
    """

    def __init__(self, *, desk: Desk, sessions: Sessions, rendering: Rendering) -> None:
        self._desk = desk
        self._sessions = sessions
        self._rendering = rendering

    def routes(self, guard: RouteGuard) -> list[Route]:
        """Return the routes of the page and its actions."""
        return [
            guard.page(_FAILURE, self._show),
            guard.action(f"{_FAILURE}/unmask", self._unmask),
            guard.page(f"{_FAILURE}/unmasked", self._show_unmasked),
            guard.action(f"{_FAILURE}/replay", self._replay),
            guard.action(f"{_FAILURE}/discard", self._discard),
            guard.action(f"{_FAILURE}/edit", self._edit),
            guard.page(f"{_FAILURE}/edit", self._show_form),
            guard.action(f"{_FAILURE}/data", self._save),
        ]

    async def _show(self, request: Request, operator: Operator) -> Response:
        return self._page(request, operator, await self._load_details(request, operator))

    async def _unmask(self, request: Request, operator: Operator, _form: FormData) -> Response:
        await self._record_unmasking(request, operator)
        return RedirectResponse(f"/failures/{_id(request)}/unmasked", status_code=303)

    async def _show_unmasked(self, request: Request, operator: Operator) -> Response:
        if not self._sessions.may_see_unmasked(request, _id(request)):
            return RedirectResponse(f"/failures/{_id(request)}", status_code=303)
        return self._page(request, operator, await self._load_unmasked_again(request, operator), unmasked=True)

    async def _record_unmasking(self, request: Request, operator: Operator) -> FailureDetails:
        """Record that the operator views personal data, and allow the session to fetch it again."""
        details = await self._desk.show(operator, _id(request), unmasked=True)
        if details is None:
            raise HTTPException(404)
        self._sessions.allow_unmasked(request, _id(request))
        return details

    async def _replay(self, request: Request, operator: Operator, form: FormData) -> Response:
        return await self._replay_failure(request, operator, again=form.get("again") == "yes")

    async def _replay_failure(self, request: Request, operator: Operator, *, again: bool = False) -> Response:
        outcome = await self._desk.replay(operator, _id(request), again=again)
        if isinstance(outcome, Replayed):
            return _redirect_to_failure(request, "replayed")
        return await self._show_rejection(request, operator, outcome)

    async def _discard(self, request: Request, operator: Operator, form: FormData) -> Response:
        outcome = await self._desk.discard(operator, _id(request), str(form.get("reason", "")))
        if isinstance(outcome, Discarded):
            return _redirect_to_failure(request, "discarded")
        return await self._show_rejection(request, operator, outcome)

    async def _edit(self, request: Request, operator: Operator, _form: FormData) -> Response:
        details = await self._record_unmasking(request, operator)
        if details.data is None:
            return self._page(
                request, operator, details, problem=NotPossible(NotPossibleReason.NOT_EDITABLE), status=409
            )
        return RedirectResponse(f"/failures/{_id(request)}/edit", status_code=303)

    async def _show_form(self, request: Request, operator: Operator) -> Response:
        if self._sessions.may_see_unmasked(request, _id(request)):
            details = await self._load_unmasked_again(request, operator)
            if details.data is not None:
                return self._form(request, operator, details, make_fields(details.data, details.editable))
        return RedirectResponse(f"/failures/{_id(request)}", status_code=303)

    async def _save(self, request: Request, operator: Operator, form: FormData) -> Response:
        values = {name.removeprefix(FIELD): str(value) for name, value in form.items() if name.startswith(FIELD)}
        outcome = await self._desk.edit(operator, _id(request), parse_fields(values))
        match outcome:
            case Edited() if form.get("do") == "replay":
                return await self._replay_failure(request, operator)
            case Edited():
                return _redirect_to_failure(request, "edited")
            case Invalid(problems):
                return await self._show_form_with_problems(request, operator, values, problems)
            case NotPossible():
                return await self._show_rejection(request, operator, outcome)

    async def _show_form_with_problems(
        self, request: Request, operator: Operator, values: Mapping[str, str], problems: Mapping[str, FieldProblem]
    ) -> Response:
        """Show the form with the submitted values, and the problem at each field."""
        details = await self._load_details(request, operator)
        t = texts_of(request)
        texts = {name: problem_text(problem, t) for name, problem in problems.items()}
        fields = [Field(name, text, texts.get(name, "")) for name, text in values.items()]
        others = [text for name, text in texts.items() if name not in values]
        return self._form(request, operator, details, fields, others=others, status=422)

    async def _show_rejection(self, request: Request, operator: Operator, rejection: NotPossible) -> Response:
        if rejection.why is NotPossibleReason.UNKNOWN:
            raise HTTPException(404)
        return self._page(request, operator, await self._load_details(request, operator), problem=rejection, status=409)

    async def _load_unmasked_again(self, request: Request, operator: Operator) -> FailureDetails:
        """Return the failure unmasked, without another audit entry."""
        return await self._load_details(request, operator, unmasked=True)

    async def _load_details(self, request: Request, operator: Operator, *, unmasked: bool = False) -> FailureDetails:
        details = await self._desk.show(operator, _id(request), unmasked=unmasked, is_on_record=unmasked)
        if details is None:
            raise HTTPException(404)
        return details

    def _page(
        self,
        request: Request,
        operator: Operator,
        details: FailureDetails,
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
            details=details,
            audit_trail=[describe_entry(entry, t) for entry in details.failure.audit_trail],
            unmasked=unmasked,
            problem=problem,
        )

    def _form(
        self,
        request: Request,
        operator: Operator,
        details: FailureDetails,
        fields: list[Field],
        *,
        others: list[str] | None = None,
        status: int = 200,
    ) -> Response:
        return self._rendering.page(
            request, "edit.html", operator, status=status, details=details, fields=fields, others=others or []
        )


def _id(request: Request) -> str:
    return str(request.path_params["failure_id"])


def _redirect_to_failure(request: Request, outcome: str) -> Response:
    return RedirectResponse(f"/failures/{_id(request)}?said={outcome}", status_code=303)
