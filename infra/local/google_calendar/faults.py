"""Faults on demand: which of the next calls fail, and how."""

import asyncio
import json
from collections import Counter
from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import web

from infra.local.google_calendar.errors import ApiError, Json

RATE_LIMITED = (HTTPStatus.FORBIDDEN, "rateLimitExceeded", "Rate Limit Exceeded", "usageLimits")
ANSWERS: dict[str, ApiError | None] = {
    "rate_limit": ApiError(*RATE_LIMITED),
    "quota": ApiError(HTTPStatus.TOO_MANY_REQUESTS, *RATE_LIMITED[1:]),
    "account_limit": ApiError(
        HTTPStatus.FORBIDDEN, "userRateLimitExceeded", "User Rate Limit Exceeded", RATE_LIMITED[-1]
    ),
    "calendar_limit": ApiError(
        HTTPStatus.FORBIDDEN, "quotaExceeded", "Calendar usage limits exceeded.", RATE_LIMITED[-1]
    ),
    "server_error": ApiError(HTTPStatus.INTERNAL_SERVER_ERROR, "backendError", "Backend Error"),
    "unavailable": ApiError(HTTPStatus.SERVICE_UNAVAILABLE, "backendError", "Service Unavailable"),
    "stall": None,
}
TARGETS = ("freebusy", "list", "sync", "events", "token")
"""`sync` is a list of changes, `list` any other list, `events` a call for a single event."""
STALL_SECONDS = 30.0


@dataclass
class Fault:
    """One fault: it affects the next `times` calls with its target.

    Without a `target` it affects every call of the API, but not of the token endpoint. With `applied`
    the call is carried out first, so that only its answer is lost.
    """

    kind: str
    times: int
    seconds: float
    target: str | None
    applied: bool

    def matches(self, target: str) -> bool:
        """Return whether the fault affects a call with this target."""
        return self.times > 0 and (self.target == target or (self.target is None and target != "token"))


def parse_fault(body: Json) -> Fault:
    """Parse a fault; raise ValueError with the reason if it is not valid."""
    kind, target = body.get("kind"), body.get("path")
    times, seconds, applied = body.get("times", 1), body.get("seconds", STALL_SECONDS), body.get("applied")
    if kind not in ANSWERS:
        raise ValueError(f"kind is one of {', '.join(sorted(ANSWERS))}, not {kind!r}")
    if target is not None and target not in TARGETS:
        raise ValueError(f"path is one of {', '.join(TARGETS)}, not {target!r}")
    if not isinstance(times, int) or times < 1:
        raise ValueError("times is a whole number from 1 on")
    if not isinstance(seconds, int | float) or seconds < 0:
        raise ValueError("seconds is a number from 0 on")
    return Fault(kind, times, float(seconds), target, applied=applied is True)


class Faults:
    """The pending faults, the oldest first, and how often each kind was applied."""

    def __init__(self) -> None:
        self._pending: list[Fault] = []
        self._closing = asyncio.Event()
        self.struck: Counter[str] = Counter()

    def add(self, fault: Fault) -> None:
        """Add a fault."""
        self._pending.append(fault)

    def clear(self) -> None:
        """Remove all faults."""
        self._pending.clear()
        self.struck.clear()

    def report(self) -> Json:
        """Return the pending faults and the counts of applied ones."""
        pending = [{"kind": fault.kind, "times": fault.times, "path": fault.target} for fault in self._pending]
        return {"pending": pending, "struck": dict(self.struck)}

    def take_matching(self, target: str) -> Fault | None:
        """Return the fault that affects this call, if there is one, and count it."""
        for fault in self._pending:
            if fault.matches(target):
                fault.times -= 1
                self.struck[fault.kind] += 1
                self._pending = [each for each in self._pending if each.times > 0]
                return fault
        return None

    async def apply(self, fault: Fault, request: web.Request, target: str) -> web.Response:
        """Answer as the fault defines; a stall sends nothing and then closes the connection."""
        answer = ANSWERS[fault.kind]
        if answer is None:
            await self._stall(fault.seconds)
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=HTTPStatus.GATEWAY_TIMEOUT)
        body = answer.build_body()
        if target == "token":
            is_ours = answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR
            error = "internal_failure" if is_ours else "rate_limit_exceeded"
            body = {"error": error, "error_description": answer.message}
        return web.Response(status=answer.status, text=json.dumps(body), content_type="application/json")

    async def close(self) -> None:
        """End every stall, so that the server can stop."""
        self._closing.set()

    async def _stall(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._closing.wait(), seconds)
        except TimeoutError:
            return
