"""Who is signed in: a signed cookie with an end, and the token that every form has to bring back."""

import hmac
from datetime import datetime, timedelta

from starlette.datastructures import FormData
from starlette.requests import Request

from ops.desk.domain.values import Operator
from shared.clock import Clock
from shared.ids import new_id
from shared.retention import DESK_SESSION_LIFETIME

LOOK = timedelta(minutes=5)
"""How long somebody who asked for personal data may come back to it, as browsers do with Back."""

CSRF_FIELD = "csrf"

_FORM_TOKEN = "form_token"  # noqa: S105 - the name of a field
_LOOK = "look"


class Sessions:
    """Keeps who signed in inside `request.session`, which a middleware signs.

    A cookie can't be taken back, so those that were signed out early are remembered until they would have ended.
    """

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._ended: dict[str, datetime] = {}

    def begin(self, request: Request, operator: Operator) -> None:
        """Sign a person in, under a session and a form token that nobody can have known before."""
        self.end(request)
        request.session.update(
            {
                "id": new_id(),
                "name": operator.name,
                "tenants": None if operator.tenants is None else sorted(operator.tenants),
                "until": (self._clock.now() + DESK_SESSION_LIFETIME).isoformat(),
            }
        )

    def operator(self, request: Request) -> Operator | None:
        """Return who is signed in, or None."""
        content = request.session
        if "id" not in content or content["id"] in self._ended:
            return None
        if self._clock.now() >= datetime.fromisoformat(content["until"]):
            return None
        tenants = content["tenants"]
        return Operator(name=content["name"], tenants=None if tenants is None else frozenset(tenants))

    def end(self, request: Request) -> None:
        """Sign out: the cookie goes, and a copy of it is worth nothing."""
        now = self._clock.now()
        self._ended = {one: until for one, until in self._ended.items() if until > now}
        if "id" in request.session:
            self._ended[request.session["id"]] = datetime.fromisoformat(request.session["until"])
        request.session.clear()

    def begin_look(self, request: Request, failure_id: str) -> None:
        """Let this session see one failure's personal data for a while; what it saw before it sees no longer."""
        request.session[_LOOK] = {"of": failure_id, "until": (self._clock.now() + LOOK).isoformat()}

    def is_looking(self, request: Request, failure_id: str) -> bool:
        """Whether this session asked for one failure's personal data a short time ago."""
        look = request.session.get(_LOOK)
        if look is None or look["of"] != failure_id:
            return False
        return self._clock.now() < datetime.fromisoformat(look["until"])

    def form_token(self, request: Request) -> str:
        """Return what this session's forms carry; a visitor without a session gets one, for the sign-in form."""
        if _FORM_TOKEN not in request.session:
            request.session[_FORM_TOKEN] = new_id()
        return str(request.session[_FORM_TOKEN])

    def made(self, request: Request, form: FormData) -> bool:
        """Whether a form is one that we gave to this session."""
        expected, given = request.session.get(_FORM_TOKEN), form.get(CSRF_FIELD)
        if not isinstance(expected, str) or not isinstance(given, str):
            return False
        return hmac.compare_digest(expected.encode(), given.encode())
