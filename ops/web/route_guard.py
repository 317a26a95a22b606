"""Makes all routes of the desk: pages require a sign-in, actions also a form token of the session."""

from collections.abc import Awaitable, Callable
from urllib.parse import urlencode

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ops.desk.domain.values import Operator
from ops.web.sessions import Sessions

SIGN_IN = "/sign-in"
_MAX_FIELDS = 500

PageHandler = Callable[[Request, Operator], Awaitable[Response]]
ActionHandler = Callable[[Request, Operator, FormData], Awaitable[Response]]
PublicPageHandler = Callable[[Request], Awaitable[Response]]
PublicActionHandler = Callable[[Request, FormData], Awaitable[Response]]


class RouteGuard:
    """Makes routes; only the public ones accept requests without a sign-in."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def build_page_route(self, path: str, show: PageHandler) -> Route:
        """Return the route of a page; without a session it redirects to the sign-in, and back afterwards."""

        async def endpoint(request: Request) -> Response:
            operator = self._sessions.find_operator(request)
            if operator is None:
                return RedirectResponse(f"{SIGN_IN}?{urlencode({'next': _build_return_url(request)})}", status_code=303)
            return await show(request, operator)

        return Route(path, endpoint, methods=["GET"])

    def build_action_route(self, path: str, act: ActionHandler) -> Route:
        """Return the route of an action; 401 without a session, 403 without the form token of the session."""

        async def endpoint(request: Request) -> Response:
            operator = self._sessions.find_operator(request)
            if operator is None:
                raise HTTPException(401)
            return await act(request, operator, await self._read_form(request))

        return Route(path, endpoint, methods=["POST"])

    def build_public_page_route(self, path: str, show: PublicPageHandler) -> Route:
        """Return the route of a page that requires no sign-in."""
        return Route(path, show, methods=["GET"])

    def build_public_action_route(self, path: str, act: PublicActionHandler) -> Route:
        """Return the route of an action that requires a form token but no sign-in."""

        async def endpoint(request: Request) -> Response:
            return await act(request, await self._read_form(request))

        return Route(path, endpoint, methods=["POST"])

    async def _read_form(self, request: Request) -> FormData:
        # Browsers send the origin of a request; for those that do not, the form token is the only check.
        if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
            raise HTTPException(403)
        form = await request.form(max_files=0, max_fields=_MAX_FIELDS)
        if not self._sessions.is_own_form(request, form):
            raise HTTPException(403)
        return form


def sanitize_local_url(url: str | None) -> str:
    """Return the address to open after the sign-in if it is on this site; else the first page."""
    # Browsers read a backslash as a slash and skip tabs and line ends; two slashes start the name of another site.
    is_local = url and url.startswith("/") and not url.startswith("//") and "\\" not in url
    return url if url and is_local and url.isprintable() else "/"


def _build_return_url(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")
