"""The demo site as an aiohttp application: static files, the widget, its configuration and the inbox."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiohttp import ClientError, ClientSession, ClientTimeout, web

from infra.local.site.inbox import emails, text_messages
from infra.local.site.letter_page import LETTER_HEADERS, letter_page

STATIC = Path(__file__).parent / "static"
WIDGET = Path(__file__).parents[3] / "widget"

CONTENT_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".json": "application/json",
}
"""Ours, because the machine's own table may call JavaScript `text/plain`, which browsers refuse for modules."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class SiteConfig:
    """Where the parts of the stack are that the pages talk to."""

    websocket_url: str
    tenant: str
    aws_endpoint_url: str
    bedrock: str = "stand-in"

    @property
    def websocket_origin(self) -> str:
        """Return scheme, host and port of the chat, as a Content-Security-Policy names them."""
        parts = urlsplit(self.websocket_url)
        return f"{parts.scheme}://{parts.netloc}"


_CONFIG = web.AppKey("config", SiteConfig)
_HTTP = web.AppKey("http", ClientSession)


def create_app(config: SiteConfig) -> web.Application:
    """Return the site, ready to be run."""
    app = web.Application(middlewares=[_secure])
    app[_CONFIG] = config
    app.cleanup_ctx.append(_http_client)
    app.router.add_get("/config.json", _config)
    app.router.add_get("/api/inbox", _inbox)
    app.router.add_get("/api/texts", _texts)
    app.router.add_get("/letters/{id:.+}", _letter)
    app.router.add_get("/widget/{path:.+}", _file_from(WIDGET))
    app.router.add_get("/{path:.*}", _file_from(STATIC))
    return app


@web.middleware
async def _secure(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give every answer, errors included, the headers that a careful business would send."""
    try:
        response = await handler(request)
    except web.HTTPException as error:
        response = web.Response(status=error.status, text=error.reason)
    careful = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": _policy(request.app[_CONFIG]),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }
    for name, value in careful.items():
        response.headers.setdefault(name, value)
    return response


def _policy(config: SiteConfig) -> str:
    chat = " ".join(dict.fromkeys((config.websocket_origin, "ws://127.0.0.1:*")))
    return (
        f"default-src 'self'; connect-src 'self' {chat}; style-src 'self'; script-src 'self'; img-src 'self' data:; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


async def _http_client(app: web.Application) -> AsyncIterator[None]:
    async with ClientSession(timeout=ClientTimeout(total=5)) as session:
        app[_HTTP] = session
        yield


async def _config(request: web.Request) -> web.Response:
    config = request.app[_CONFIG]
    return web.json_response(
        {"websocket_url": config.websocket_url, "tenant": config.tenant, "bedrock": config.bedrock}
    )


async def _inbox(request: web.Request) -> web.Response:
    return await _listed(request, "ses/messages", emails)


async def _texts(request: web.Request) -> web.Response:
    return await _listed(request, "sns/sms-messages", text_messages)


async def _letter(request: web.Request) -> web.Response:
    """Return the HTML part of an e-mail, under a policy of its own."""
    try:
        letters = emails(await _caught(request, "ses/messages"))
    except (ClientError, TimeoutError):
        raise web.HTTPBadGateway from None
    wanted = request.match_info["id"]
    html = next((letter["html"] for letter in letters if letter["id"] == wanted), None)
    if html is None:
        raise web.HTTPNotFound
    return web.Response(text=letter_page(html), content_type="text/html", charset="utf-8", headers=LETTER_HEADERS)


async def _listed(request: web.Request, kind: str, listed: Callable[[Any], object]) -> web.Response:
    """Return what the emulator caught, as the inbox shows it."""
    try:
        return web.json_response(listed(await _caught(request, kind)))
    except (ClientError, TimeoutError):
        return web.json_response({"error": "the local AWS emulator does not answer"}, status=502)


async def _caught(request: web.Request, kind: str) -> Any:
    address = f"{request.app[_CONFIG].aws_endpoint_url.rstrip('/')}/_ministack/{kind}"
    async with request.app[_HTTP].get(address) as answer:
        answer.raise_for_status()
        return await answer.json()


def _file_from(folder: Path) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def serve(request: web.Request) -> web.StreamResponse:
        path = (folder / (request.match_info["path"] or "index.html")).resolve()
        content_type = CONTENT_TYPES.get(path.suffix)
        if not path.is_relative_to(folder) or content_type is None or not path.is_file():
            raise web.HTTPNotFound
        return web.FileResponse(path, headers={"Content-Type": f"{content_type}; charset=utf-8"})

    return serve
