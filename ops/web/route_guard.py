"""The only ways to make a route: every page asks who is signed in, every action also whether the form is ours."""

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
    """Makes routes; only the public ones accept a visitor who is not signed in."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def page(self, path: str, show: PageHandler) -> Route:
        """Return a route of a page; a stranger is sent to sign in, and back afterwards."""

        async def endpoint(request: Request) -> Response:
            operator = self._sessions.operator(request)
            if operator is None:
                return RedirectResponse(f"{SIGN_IN}?{urlencode({'next': _address(request)})}", status_code=303)
            return await show(request, operator)

        return Route(path, endpoint, methods=["GET"])

    def action(self, path: str, act: ActionHandler) -> Route:
        """Return a route that changes something; 401 for a stranger, 403 for a form that we did not make."""

        async def endpoint(request: Request) -> Response:
            operator = self._sessions.operator(request)
            if operator is None:
                raise HTTPException(401)
            return await act(request, operator, await self._form(request))

        return Route(path, endpoint, methods=["POST"])

    def public_page(self, path: str, show: PublicPageHandler) -> Route:
        """Return a route of a page for everybody."""
        return Route(path, show, methods=["GET"])

    def public_action(self, path: str, act: PublicActionHandler) -> Route:
        """Return a route for forms of those who are not signed in yet."""

        async def endpoint(request: Request) -> Response:
            return await act(request, await self._form(request))

        return Route(path, endpoint, methods=["POST"])

    async def _form(self, request: Request) -> FormData:
        # Browsers say where a request comes from; those that do not are held by the form's token alone.
        if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
            raise HTTPException(403)
        form = await request.form(max_files=0, max_fields=_MAX_FIELDS)
        if not self._sessions.made(request, form):
            raise HTTPException(403)
        return form


def safe_local_url(wanted: str | None) -> str:
    """Return the address to go on to after the sign-in, if it is one of ours; else the first page."""
    # Browsers take a backslash for a slash, and leave out tabs and line ends; two slashes begin another site's name.
    is_ours = wanted and wanted.startswith("/") and not wanted.startswith("//") and "\\" not in wanted
    return wanted if wanted and is_ours and wanted.isprintable() else "/"


def _address(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")
