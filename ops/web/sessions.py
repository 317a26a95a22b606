"""The session of an operator: a signed cookie that expires, and the token that every form must contain."""

import hmac
from datetime import datetime, timedelta

from starlette.datastructures import FormData
from starlette.requests import Request

from ops.desk.domain.values import Operator
from shared.clock import Clock
from shared.ids import new_id
from shared.retention import DESK_SESSION_LIFETIME

UNMASK_DURATION = timedelta(minutes=5)
"""How long an operator who requested personal data may fetch it again, as a browser does with Back."""

CSRF_FIELD = "csrf"

_FORM_TOKEN = "form_token"  # noqa: S105 - the name of a field
_UNMASKED = "look"


class Sessions:
    """Keeps the signed-in operator in `request.session`, which a middleware signs.

    A cookie can't be revoked, so the ids of sessions that were signed out are remembered until they would have expired.
    """

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._ended: dict[str, datetime] = {}

    def sign_in(self, request: Request, operator: Operator, *, token_id: str | None = None) -> None:
        """Sign an operator in, with a new session id and a new form token; name the token if one was used."""
        self.sign_out(request)
        request.session.update(
            {
                "id": new_id(),
                "name": operator.name,
                "tenants": None if operator.tenants is None else sorted(operator.tenants),
                "until": (self._clock.now() + DESK_SESSION_LIFETIME).isoformat(),
                **({"token": token_id} if token_id else {}),
                **({} if operator.is_display_name else {"unnamed": True}),
            }
        )

    def find_operator(self, request: Request) -> Operator | None:
        """Return the signed-in operator, or None."""
        content = request.session
        if "id" not in content or content["id"] in self._ended:
            return None
        if self._clock.now() >= datetime.fromisoformat(content["until"]):
            return None
        tenants = content["tenants"]
        return Operator(
            name=content["name"],
            tenants=None if tenants is None else frozenset(tenants),
            is_display_name="unnamed" not in content,
        )

    def has_shared_token(self, request: Request) -> bool:
        """Return whether the operator signed in with the token that several people may have."""
        return str(request.session.get("token", "")).startswith("configured#")

    def sign_out(self, request: Request) -> None:
        """Sign out: delete the cookie, and reject copies of it."""
        now = self._clock.now()
        self._ended = {session_id: until for session_id, until in self._ended.items() if until > now}
        if "id" in request.session:
            self._ended[request.session["id"]] = datetime.fromisoformat(request.session["until"])
        request.session.clear()

    def allow_unmasked(self, request: Request, failure_id: str) -> None:
        """Let this session fetch one failure's personal data for a few minutes, and no longer that of another."""
        request.session[_UNMASKED] = {"of": failure_id, "until": (self._clock.now() + UNMASK_DURATION).isoformat()}

    def can_see_unmasked(self, request: Request, failure_id: str) -> bool:
        """Return whether this session may fetch the failure's personal data again."""
        unmasked = request.session.get(_UNMASKED)
        if unmasked is None or unmasked["of"] != failure_id:
            return False
        return self._clock.now() < datetime.fromisoformat(unmasked["until"])

    def get_form_token(self, request: Request) -> str:
        """Return the form token of this session; without a sign-in a new one, for the sign-in form."""
        if _FORM_TOKEN not in request.session:
            request.session[_FORM_TOKEN] = new_id()
        return str(request.session[_FORM_TOKEN])

    def is_own_form(self, request: Request, form: FormData) -> bool:
        """Return whether a form contains the form token of this session."""
        expected, actual = request.session.get(_FORM_TOKEN), form.get(CSRF_FIELD)
        if not isinstance(expected, str) or not isinstance(actual, str):
            return False
        return hmac.compare_digest(expected.encode(), actual.encode())
