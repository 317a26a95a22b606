"""The demo site: its configuration, its headers, its language and its command line."""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import ClientSession
from playwright.async_api import Browser, Page, expect

from infra.local.site.server import SiteConfig

ServeSite = Callable[[SiteConfig], Awaitable[str]]
TITLES = {"pl": "Ruch, który znów sprawia przyjemność.", "en": "Movement that feels good again."}


def config() -> SiteConfig:
    return SiteConfig(
        websocket_url="ws://127.0.0.1:9/prod", tenant="studio-lumen", aws_endpoint_url="http://127.0.0.1:9"
    )


async def test_serves_modules_with_strict_headers(serve_site: ServeSite) -> None:
    """Modules are served as JavaScript, inline code is forbidden, nothing is cached, and no file outside is served."""
    address = await serve_site(config())
    async with ClientSession() as http:
        async with http.get(f"{address}/widget/stride-chat.js") as module:
            assert module.status == 200
            assert module.content_type == "text/javascript"
        async with http.get(f"{address}/") as page:
            assert page.content_type == "text/html"
            assert "unsafe-inline" not in page.headers["Content-Security-Policy"]
            assert page.headers["Cache-Control"] == "no-store"
            assert page.headers["X-Content-Type-Options"] == "nosniff"
        for path in ("/nothing.html", "/%2e%2e/server.py", "/widget/%2e%2e/pyproject.toml", "/widget/views"):
            async with http.get(address + path) as missing:
                assert missing.status == 404
                assert "Content-Security-Policy" in missing.headers
        async with http.get(f"{address}/config.json") as settings:
            assert await settings.json() == {
                "websocket_url": "ws://127.0.0.1:9/prod",
                "tenant": "studio-lumen",
                "bedrock": "stand-in",
            }
        for path in ("/api/inbox", "/api/texts"):
            async with http.get(address + path) as unreachable:
                assert unreachable.status == 502


@pytest.mark.browser
@pytest.mark.parametrize(
    ("browser", "path", "language"),
    [
        ("pl-PL", "/", "pl"),
        ("en-GB", "/", "en"),
        ("de-DE", "/", "pl"),
        ("enm", "/", "pl"),
        ("en-GB", "/?lang=pl", "pl"),
        ("pl-PL", "/?lang=en", "en"),
        ("en-GB", "/?lang=fr", "en"),
    ],
)
async def test_language_of_a_first_visit(
    chromium: Browser, serve_site: ServeSite, browser: str, path: str, language: str
) -> None:
    """The page and the chat use the language of the address, else the browser's language, else Polish."""
    context = await chromium.new_context(locale=browser)
    # The page alone decides; without the widget it costs half.
    await context.route("**/widget/**", lambda route: route.abort())
    page = await context.new_page()
    await page.goto(await serve_site(config()) + path)
    await expect(page.locator("h1")).to_have_text(TITLES[language])
    await expect(page.locator("html")).to_have_attribute("lang", language)
    await expect(page.locator("stride-chat")).to_have_attribute("locale", language)
    await context.close()


@pytest.mark.browser
@pytest.mark.parametrize(("browser", "chosen"), [("en-GB", "pl"), ("pl-PL", "en")])
async def test_a_chosen_language_is_kept(chromium: Browser, serve_site: ServeSite, browser: str, chosen: str) -> None:
    """A chosen language is kept, whatever the browser prefers."""
    context = await chromium.new_context(locale=browser)
    page = await context.new_page()
    await page.goto(await serve_site(config()))
    await page.locator(f"[data-locale={chosen}]").click()
    await page.reload()
    await expect(page.locator("h1")).to_have_text(TITLES[chosen])
    await context.close()


@pytest.mark.browser
async def test_facts_are_in_one_row(page: Page, serve_site: ServeSite) -> None:
    """The three facts are side by side on a desktop and on a phone, inside the page, in each language."""
    await page.goto(f"{await serve_site(config())}/?lang=pl")
    for language, title in TITLES.items():
        await page.locator(f"[data-locale={language}]").click()
        await expect(page.locator("h1")).to_have_text(title)
        for width in (1280, 390):
            await page.set_viewport_size({"width": width, "height": 844})
            boxes = await page.locator(".facts li").evaluate_all(
                "facts => facts.map((fact) => fact.getBoundingClientRect())"
            )
            assert len({box["top"] for box in boxes}) == 1, (language, width)
            assert boxes[-1]["right"] <= width, (language, width)


async def test_command_line() -> None:
    """The site prints its address, refuses a port that is in use, and stops cleanly on SIGTERM."""

    async def start(port: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "infra.local.site", "--port", port, "--websocket-url", "ws://127.0.0.1:9"),
            *("--aws-endpoint-url", "http://127.0.0.1:9"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    first = await start("0")
    assert first.stdout is not None
    ready = (await first.stdout.readline()).decode().split()
    assert ready[0] == "ready"
    port = ready[1].rpartition(":")[2]

    second = await start(port)
    _, complaint = await second.communicate()
    assert second.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in complaint.decode()

    first.send_signal(signal.SIGTERM)
    assert await first.communicate() == (b"", b"")
    assert first.returncode == 0
