"""Chromium, the demo site and a scripted backend for the tests that look through a visitor's eyes."""

import os
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web
from playwright.async_api import Browser, BrowserContext, Locator, Page, ViewportSize, async_playwright, expect

sys.path.insert(0, str(Path(__file__).parent))  # The scripted backend stands beside the tests that use it.

from scripted_backend import ScriptedBackend

from infra.local.site.server import SiteConfig, create_app
from tests.deadlines import DEADLINE_SECONDS

BROWSERS = ("chromium-headless-shell", "chromium")
"""By preference: the shell needs half of the processor's time."""
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost",
]
DESKTOP = ViewportSize(width=1280, height=900)

expect.set_options(timeout=DEADLINE_SECONDS * 1000)


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """The machine's own Chromium; without one the tests are skipped, but not in CI."""
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
    """A visitor with an empty storage, in Warsaw, at a desk."""
    context = await chromium.new_context(
        viewport=DESKTOP, locale="pl-PL", timezone_id="Europe/Warsaw", reduced_motion="reduce"
    )
    context.set_default_timeout(DEADLINE_SECONDS * 1000)
    yield context
    await context.close()


@pytest.fixture
async def page(context: BrowserContext) -> AsyncIterator[Page]:
    """A tab; whatever the page throws or its policy blocks fails the test."""
    page = await context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if _is_complaint(message.text) else None)
    yield page
    assert complaints == []


def _is_complaint(text: str) -> bool:
    return "Content Security Policy" in text or "Uncaught" in text


@pytest.fixture
async def backend() -> AsyncIterator[ScriptedBackend]:
    """A backend that this test scripts."""
    async with ScriptedBackend() as scripted:
        yield scripted


ServeSite = Callable[[SiteConfig], Awaitable[str]]


@pytest.fixture
async def serve_site() -> AsyncIterator[ServeSite]:
    """Serves the demo site with a configuration; returns its address."""
    runners: list[web.AppRunner] = []

    async def serve(config: SiteConfig) -> str:
        runner = web.AppRunner(create_app(config), access_log=None, shutdown_timeout=0.1)
        runners.append(runner)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    yield serve
    for runner in runners:
        await runner.cleanup()


@pytest.fixture
async def site(serve_site: ServeSite, backend: ScriptedBackend) -> str:
    """The demo site's address, its widget talking to the scripted backend."""
    return await serve_site(
        SiteConfig(websocket_url=backend.url, tenant="studio-lumen", aws_endpoint_url="http://127.0.0.1:9")
    )


@pytest.fixture
def open_chat() -> Callable[[Page], Awaitable[Locator]]:
    """Opens the widget if it is not open; returns its panel."""

    async def open_panel(page: Page) -> Locator:
        panel, launcher = page.get_by_test_id("panel"), page.get_by_test_id("launcher")
        await expect(panel.or_(launcher).filter(visible=True)).to_have_count(1)
        if not await panel.is_visible():
            await launcher.click()
        await expect(panel).to_be_visible()
        return panel

    return open_panel
