"""Middleware of the desk: ends a session whose sign-in does not count any more, such as that of a revoked token."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

AcceptSession = Callable[[Mapping[str, Any]], Awaitable[bool]]


class SessionCheck:
    """Clears a session that the sign-in no longer accepts, before any page reads it."""

    def __init__(self, app: ASGIApp, *, accepts: AcceptSession) -> None:
        self._app = app
        self._accepts = accepts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, with its session or without."""
        if scope["type"] == "http" and "id" in scope["session"] and not await self._accepts(scope["session"]):
            scope["session"].clear()
        await self._app(scope, receive, send)
