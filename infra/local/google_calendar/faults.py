"""Faults on demand: which calls fail next, and how."""

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
    "server_error": ApiError(HTTPStatus.INTERNAL_SERVER_ERROR, "backendError", "Backend Error"),
    "unavailable": ApiError(HTTPStatus.SERVICE_UNAVAILABLE, "backendError", "Service Unavailable"),
    "stall": None,
}
TARGETS = ("freebusy", "list", "sync", "events", "token")
"""`sync` is a list of what changed, `list` any other, `events` every call about a single event."""
STALL_SECONDS = 30.0


@dataclass
class Fault:
    """One ordered fault: it spoils the next `times` calls that it is meant for.

    Without a `target` it is meant for every call of the API, but not for the token endpoint. With `applied`
    the call is carried out first, so that only its answer is lost.
    """

    kind: str
    times: int
    seconds: float
    target: str | None
    applied: bool

    def fits(self, target: str) -> bool:
        """Whether it is meant for this call."""
        return self.times > 0 and (self.target == target or (self.target is None and target != "token"))


def parsed(order: Json) -> Fault:
    """Read an order; raise ValueError that says what is wrong with it."""
    kind, target = order.get("kind"), order.get("path")
    times, seconds, applied = order.get("times", 1), order.get("seconds", STALL_SECONDS), order.get("applied")
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
    """Ordered faults, the oldest first, and how many of each kind have struck."""

    def __init__(self) -> None:
        self._ordered: list[Fault] = []
        self._closing = asyncio.Event()
        self.struck: Counter[str] = Counter()

    def order(self, fault: Fault) -> None:
        """Add one."""
        self._ordered.append(fault)

    def clear(self) -> None:
        """Take all of them back."""
        self._ordered.clear()
        self.struck.clear()

    def report(self) -> Json:
        """Say what is still ordered and what has struck."""
        pending = [{"kind": fault.kind, "times": fault.times, "path": fault.target} for fault in self._ordered]
        return {"pending": pending, "struck": dict(self.struck)}

    def take(self, target: str) -> Fault | None:
        """Give the fault that spoils this call, if there is one, and count it."""
        for fault in self._ordered:
            if fault.fits(target):
                fault.times -= 1
                self.struck[fault.kind] += 1
                self._ordered = [left for left in self._ordered if left.times > 0]
                return fault
        return None

    async def strike(self, fault: Fault, request: web.Request, target: str) -> web.Response:
        """Answer as the fault says; a stall says nothing and then hangs up."""
        answer = ANSWERS[fault.kind]
        if answer is None:
            await self._stay_silent(fault.seconds)
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=HTTPStatus.GATEWAY_TIMEOUT)
        body = answer.body()
        if target == "token":
            is_ours = answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR
            error = "internal_failure" if is_ours else "rate_limit_exceeded"
            body = {"error": error, "error_description": answer.message}
        return web.Response(status=answer.status, text=json.dumps(body), content_type="application/json")

    async def close(self) -> None:
        """End every stall, so that the server can stop."""
        self._closing.set()

    async def _stay_silent(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._closing.wait(), seconds)
        except TimeoutError:
            return
