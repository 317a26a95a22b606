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
from ops.web.fields import FIELD, Field, build_fields, describe_problem, parse_fields
from ops.web.language import find_request_texts
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

    def build_routes(self, guard: RouteGuard) -> list[Route]:
        """Return the routes of the page and its actions."""
        return [
            guard.build_page_route(_FAILURE, self._show_failure),
            guard.build_action_route(f"{_FAILURE}/unmask", self._unmask_failure),
            guard.build_page_route(f"{_FAILURE}/unmasked", self._show_unmasked),
            guard.build_action_route(f"{_FAILURE}/replay", self._handle_replay),
            guard.build_action_route(f"{_FAILURE}/discard", self._discard_failure),
            guard.build_action_route(f"{_FAILURE}/edit", self._start_edit),
            guard.build_page_route(f"{_FAILURE}/edit", self._show_edit_form),
            guard.build_action_route(f"{_FAILURE}/data", self._save_edit),
        ]

    async def _show_failure(self, request: Request, operator: Operator) -> Response:
        return self._render_page(request, operator, await self._load_details(request, operator))

    async def _unmask_failure(self, request: Request, operator: Operator, _form: FormData) -> Response:
        await self._record_unmasking(request, operator)
        return RedirectResponse(f"/failures/{_get_failure_id(request)}/unmasked", status_code=303)

    async def _show_unmasked(self, request: Request, operator: Operator) -> Response:
        if not self._sessions.can_see_unmasked(request, _get_failure_id(request)):
            return RedirectResponse(f"/failures/{_get_failure_id(request)}", status_code=303)
        return self._render_page(request, operator, await self._load_unmasked_again(request, operator), unmasked=True)

    async def _record_unmasking(self, request: Request, operator: Operator) -> FailureDetails:
        """Record that the operator views personal data, and allow the session to fetch it again."""
        details = await self._desk.show_failure(operator, _get_failure_id(request), unmasked=True)
        if details is None:
            raise HTTPException(404)
        self._sessions.allow_unmasked(request, _get_failure_id(request))
        return details

    async def _handle_replay(self, request: Request, operator: Operator, form: FormData) -> Response:
        return await self._replay_failure(request, operator, again=form.get("again") == "yes")

    async def _replay_failure(self, request: Request, operator: Operator, *, again: bool = False) -> Response:
        outcome = await self._desk.replay_failure(operator, _get_failure_id(request), again=again)
        if isinstance(outcome, Replayed):
            return _redirect_to_failure(request, "replayed")
        return await self._show_rejection(request, operator, outcome)

    async def _discard_failure(self, request: Request, operator: Operator, form: FormData) -> Response:
        outcome = await self._desk.discard_failure(operator, _get_failure_id(request), str(form.get("reason", "")))
        if isinstance(outcome, Discarded):
            return _redirect_to_failure(request, "discarded")
        return await self._show_rejection(request, operator, outcome)

    async def _start_edit(self, request: Request, operator: Operator, _form: FormData) -> Response:
        details = await self._record_unmasking(request, operator)
        if details.data is None:
            return self._render_page(
                request, operator, details, problem=NotPossible(NotPossibleReason.NOT_EDITABLE), status=409
            )
        return RedirectResponse(f"/failures/{_get_failure_id(request)}/edit", status_code=303)

    async def _show_edit_form(self, request: Request, operator: Operator) -> Response:
        if self._sessions.can_see_unmasked(request, _get_failure_id(request)):
            details = await self._load_unmasked_again(request, operator)
            if details.data is not None:
                return self._render_edit_form(request, operator, details, build_fields(details.data, details.editable))
        return RedirectResponse(f"/failures/{_get_failure_id(request)}", status_code=303)

    async def _save_edit(self, request: Request, operator: Operator, form: FormData) -> Response:
        values = {name.removeprefix(FIELD): str(value) for name, value in form.items() if name.startswith(FIELD)}
        outcome = await self._desk.edit_failure(operator, _get_failure_id(request), parse_fields(values))
        match outcome:
            case Edited() if form.get("do") == "replay":
                return await self._replay_failure(request, operator)
            case Edited():
                return _redirect_to_failure(request, "edited")
            case Invalid(problems):
                return await self._show_edit_form_with_problems(request, operator, values, problems)
            case NotPossible():
                return await self._show_rejection(request, operator, outcome)

    async def _show_edit_form_with_problems(
        self, request: Request, operator: Operator, values: Mapping[str, str], problems: Mapping[str, FieldProblem]
    ) -> Response:
        """Show the form with the submitted values, and the problem at each field."""
        details = await self._load_details(request, operator)
        t = find_request_texts(request)
        texts = {name: describe_problem(problem, t) for name, problem in problems.items()}
        fields = [Field(name, text, texts.get(name, "")) for name, text in values.items()]
        others = [text for name, text in texts.items() if name not in values]
        return self._render_edit_form(request, operator, details, fields, others=others, status=422)

    async def _show_rejection(self, request: Request, operator: Operator, rejection: NotPossible) -> Response:
        if rejection.why is NotPossibleReason.UNKNOWN:
            raise HTTPException(404)
        return self._render_page(
            request, operator, await self._load_details(request, operator), problem=rejection, status=409
        )

    async def _load_unmasked_again(self, request: Request, operator: Operator) -> FailureDetails:
        """Return the failure unmasked, without another audit entry."""
        return await self._load_details(request, operator, unmasked=True)

    async def _load_details(self, request: Request, operator: Operator, *, unmasked: bool = False) -> FailureDetails:
        details = await self._desk.show_failure(
            operator, _get_failure_id(request), unmasked=unmasked, is_on_record=unmasked
        )
        if details is None:
            raise HTTPException(404)
        return details

    def _render_page(
        self,
        request: Request,
        operator: Operator,
        details: FailureDetails,
        *,
        unmasked: bool = False,
        problem: NotPossible | None = None,
        status: int = 200,
    ) -> Response:
        t = find_request_texts(request)
        return self._rendering.render_page(
            request,
            "failure.html",
            operator,
            status=status,
            details=details,
            audit_trail=[describe_entry(entry, t) for entry in details.failure.audit_trail],
            unmasked=unmasked,
            problem=problem,
        )

    def _render_edit_form(
        self,
        request: Request,
        operator: Operator,
        details: FailureDetails,
        fields: list[Field],
        *,
        others: list[str] | None = None,
        status: int = 200,
    ) -> Response:
        return self._rendering.render_page(
            request, "edit.html", operator, status=status, details=details, fields=fields, others=others or []
        )


def _get_failure_id(request: Request) -> str:
    return str(request.path_params["failure_id"])


def _redirect_to_failure(request: Request, outcome: str) -> Response:
    return RedirectResponse(f"/failures/{_get_failure_id(request)}?said={outcome}", status_code=303)
