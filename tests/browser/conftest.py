"""Chromium, the demo site and a scripted backend for tests in the browser."""

import os
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Protocol

import pytest
from aiohttp import web
from playwright.async_api import Browser, BrowserContext, Locator, Page, ViewportSize, async_playwright, expect

sys.path.insert(0, str(Path(__file__).parent))  # The scripted backend is in the folder of these tests.

from scripted_backend import ScriptedBackend

from infra.local.site.server import STATIC, SiteConfig, create_app
from tests.deadlines import DEADLINE_SECONDS

BROWSERS = ("chromium-headless-shell", "chromium")
"""In order of preference: the headless shell needs half of the CPU time."""
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    # Fewer processes: each costs CPU time that other tests need.
    "--in-process-gpu",
    "--disable-features=SpareRendererForSitePerProcess",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost",
]
PLAIN_PAGE = Path(__file__).parent / "page"
"""A page with nothing but the widget: it takes less than half of the demo page's CPU time."""
DESKTOP = ViewportSize(width=1280, height=900)

expect.set_options(timeout=DEADLINE_SECONDS * 1000)


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """Run the installed Chromium; without one the tests are skipped, except in CI."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        reason = f"no Chromium on PATH (Debian: apt-get install {BROWSERS[0]})"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield browser
        await browser.close()


@pytest.fixture
async def context(chromium: Browser) -> AsyncIterator[BrowserContext]:
    """Open a browser context with empty storage, in Warsaw, on a desktop screen."""
    context = await chromium.new_context(
        viewport=DESKTOP, locale="pl-PL", timezone_id="Europe/Warsaw", reduced_motion="reduce"
    )
    context.set_default_timeout(DEADLINE_SECONDS * 1000)
    yield context
    await context.close()


@pytest.fixture
async def page(context: BrowserContext) -> AsyncIterator[Page]:
    """Open a tab; uncaught errors and policy violations fail the test."""
    page = await context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if _is_violation(message.text) else None)
    yield page
    assert complaints == []


def _is_violation(text: str) -> bool:
    return "Content Security Policy" in text or "Uncaught" in text


@pytest.fixture
async def backend() -> AsyncIterator[ScriptedBackend]:
    """Run a scripted backend."""
    async with ScriptedBackend() as scripted:
        yield scripted


class ServeSite(Protocol):
    """Serves a site with a configuration and returns its address."""

    async def __call__(self, config: SiteConfig, static: Path = STATIC) -> str: ...


@pytest.fixture
async def serve_site() -> AsyncIterator[ServeSite]:
    """Return a function that serves the demo site, or the pages of another folder."""
    runners: list[web.AppRunner] = []

    async def serve(config: SiteConfig, static: Path = STATIC) -> str:
        runner = web.AppRunner(create_app(config, static), access_log=None, shutdown_timeout=0.1)
        runners.append(runner)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    yield serve
    for runner in runners:
        await runner.cleanup()


@pytest.fixture
async def site(serve_site: ServeSite, backend: ScriptedBackend) -> str:
    """Serve a plain page with a widget that uses the scripted backend; return its address."""
    return await serve_site(
        SiteConfig(websocket_url=backend.url, tenant="studio-lumen", aws_endpoint_url="http://127.0.0.1:9"),
        PLAIN_PAGE,
    )


@pytest.fixture
def open_chat() -> Callable[[Page], Awaitable[Locator]]:
    """Return a function that opens the widget if it is closed, and returns its panel."""

    async def open_panel(page: Page) -> Locator:
        panel, launcher = page.get_by_test_id("panel"), page.get_by_test_id("launcher")
        await expect(panel.or_(launcher).filter(visible=True)).to_have_count(1)
        if not await panel.is_visible():
            await launcher.click()
        await expect(panel).to_be_visible()
        return panel

    return open_panel
