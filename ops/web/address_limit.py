"""Middleware of the desk: rejects addresses that no page of the desk has, before a table or the disk is asked."""

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

MAX_PATH_BYTES = 512
"""More than any path with the ids of a business and a conversation has. Files and keys of tables have limits, too."""
MAX_QUERY_BYTES = 4096
"""More than a filter with every field, percent-encoded, and the address to return to after the sign-in."""


class AddressLimit:
    """Answers 404 to a path that is too long or has control characters, and 414 to a query that is too long."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on if its address can be one of the desk's."""
        status = _find_problem(scope) if scope["type"] == "http" else None
        if status:
            await PlainTextResponse(str(status), status_code=status)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _find_problem(scope: Scope) -> int | None:
    path: str = scope["path"]
    # A client that is no browser can send characters that no encoding has.
    if len(path.encode(errors="replace")) > MAX_PATH_BYTES or not path.isprintable():
        return 404
    return 414 if len(scope["query_string"]) > MAX_QUERY_BYTES else None
