"""The demo site as an aiohttp application: static files, the widget, its configuration and the inbox."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiohttp import ClientError, ClientSession, ClientTimeout, web

from infra.local.site.email_page import EMAIL_HEADERS, render_email_page
from infra.local.site.inbox import parse_emails, parse_text_messages
from infra.local.site.widget_files import BUNDLE, SOURCES, WIDGET_HEADERS, choose_cache_control, find_widget_file

STATIC = Path(__file__).parent / "static"

CONTENT_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".json": "application/json",
}
"""Fixed here, because the machine's table may have `text/plain` for JavaScript, which browsers refuse for modules."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class SiteConfig:
    """The addresses that the pages use."""

    websocket_url: str
    tenant: str
    aws_endpoint_url: str
    bedrock: str = "stand-in"

    @property
    def websocket_origin(self) -> str:
        """Return scheme, host and port of the WebSocket, as in a Content-Security-Policy."""
        parts = urlsplit(self.websocket_url)
        return f"{parts.scheme}://{parts.netloc}"


@dataclass(frozen=True)
class WidgetFolders:
    """Where the widget's modules are, and their bundle."""

    sources: Path = SOURCES
    bundle: Path = BUNDLE


_CONFIG = web.AppKey("config", SiteConfig)
_WIDGET = web.AppKey("widget", WidgetFolders)
_HTTP = web.AppKey("http", ClientSession)


def create_app(
    config: SiteConfig,
    static: Path = STATIC,
    widget: WidgetFolders = WidgetFolders(),
) -> web.Application:
    """Return the site's application, with the pages of a folder."""
    app = web.Application(middlewares=[_add_security_headers])
    app[_CONFIG] = config
    app[_WIDGET] = widget
    app.cleanup_ctx.append(_open_http_client)
    app.router.add_get("/config.json", _answer_config)
    app.router.add_get("/api/inbox", _answer_emails)
    app.router.add_get("/api/texts", _answer_text_messages)
    app.router.add_get("/emails/{id:.+}", _answer_email_html)
    app.router.add_get("/widget/{path:.+}", _answer_widget_file)
    app.router.add_get("/{path:.*}", _build_page_handler(static))
    return app


@web.middleware
async def _add_security_headers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Add the recommended security headers to every answer, errors included."""
    try:
        response = await handler(request)
    except web.HTTPException as error:
        response = web.Response(status=error.status, text=error.reason)
    security_headers = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": _build_content_policy(request.app[_CONFIG]),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }
    for name, value in security_headers.items():
        response.headers.setdefault(name, value)
    return response


def _build_content_policy(config: SiteConfig) -> str:
    chat = " ".join(dict.fromkeys((config.websocket_origin, "ws://127.0.0.1:*")))
    return (
        f"default-src 'self'; connect-src 'self' {chat}; style-src 'self'; script-src 'self'; img-src 'self' data:; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )


async def _open_http_client(app: web.Application) -> AsyncIterator[None]:
    async with ClientSession(timeout=ClientTimeout(total=5)) as session:
        app[_HTTP] = session
        yield


async def _answer_config(request: web.Request) -> web.Response:
    config = request.app[_CONFIG]
    return web.json_response(
        {"websocket_url": config.websocket_url, "tenant": config.tenant, "bedrock": config.bedrock}
    )


async def _answer_emails(request: web.Request) -> web.Response:
    return await _answer_messages(request, "ses/messages", parse_emails)


async def _answer_text_messages(request: web.Request) -> web.Response:
    return await _answer_messages(request, "sns/sms-messages", parse_text_messages)


async def _answer_email_html(request: web.Request) -> web.Response:
    """Return the HTML part of an e-mail, with a separate policy."""
    try:
        messages = parse_emails(await _fetch_recorded(request, "ses/messages"))
    except (ClientError, TimeoutError):
        raise web.HTTPBadGateway from None
    email_id = request.match_info["id"]
    html = next((message["html"] for message in messages if message["id"] == email_id), None)
    if html is None:
        raise web.HTTPNotFound
    return web.Response(text=render_email_page(html), content_type="text/html", charset="utf-8", headers=EMAIL_HEADERS)


async def _answer_messages(request: web.Request, kind: str, convert: Callable[[Any], object]) -> web.Response:
    """Return the messages that the emulator recorded, as the inbox shows them."""
    try:
        return web.json_response(convert(await _fetch_recorded(request, kind)))
    except (ClientError, TimeoutError):
        return web.json_response({"error": "the local AWS emulator does not answer"}, status=502)


async def _fetch_recorded(request: web.Request, kind: str) -> Any:
    address = f"{request.app[_CONFIG].aws_endpoint_url.rstrip('/')}/_ministack/{kind}"
    async with request.app[_HTTP].get(address) as answer:
        answer.raise_for_status()
        return await answer.json()


async def _answer_widget_file(request: web.Request) -> web.StreamResponse:
    widget, path = request.app[_WIDGET], request.match_info["path"]
    file = find_widget_file(path, sources=widget.sources, bundle=widget.bundle)
    response = _answer_file(file, (widget.sources, widget.bundle))
    response.headers.update({**WIDGET_HEADERS, "Cache-Control": choose_cache_control(path)})
    return response


def _build_page_handler(folder: Path) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def serve(request: web.Request) -> web.StreamResponse:
        return _answer_file(folder / (request.match_info["path"] or "index.html"), (folder,))

    return serve


def _answer_file(named: Path, folders: Iterable[Path]) -> web.StreamResponse:
    path = named.resolve()
    content_type = CONTENT_TYPES.get(path.suffix)
    if content_type is None or not any(map(path.is_relative_to, folders)) or not path.is_file():
        raise web.HTTPNotFound
    return web.FileResponse(path, headers={"Content-Type": f"{content_type}; charset=utf-8"})
