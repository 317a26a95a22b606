"""The examples for developers of pages work in a real browser, as they are, against a scripted backend."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import web
from booking_script import CODE, BookingScript
from playwright.async_api import Locator, Page, expect
from scripted_backend import Connection, ScriptedBackend
from widget_steps import accept, answer_with, messages, say

from shared.messages import server
from shared.messages.errors import ErrorCode

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
ESBUILD = ROOT / "node_modules" / "esbuild" / "bin" / "esbuild"
NONCE = "cmFuZG9tIGluIGVhY2ggYW5zd2Vy"
API = "wss://YOUR-API.execute-api.eu-central-1.amazonaws.com"

OpenExample = Callable[..., Awaitable[None]]


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Bundle the examples that use packages of npm; without the packages they are skipped, except in CI."""
    node = shutil.which("node", path=str(Path(sys.executable).parent)) or shutil.which("node")
    if node is None or not ESBUILD.is_file() or not (EXAMPLES / "node_modules").is_dir():
        reason = "the packages of the examples are not installed (make examples)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("examples")
    entries = ["react/main.jsx", "vue/main.js", "deep-chat/main.js"]
    options = ["--bundle", "--format=esm", "--jsx=automatic", "--minify", f"--outdir={folder}"]
    production = '--define:process.env.NODE_ENV="production"'
    subprocess.run([node, ESBUILD, *entries, *options, production, "--log-level=error"], cwd=EXAMPLES, check=True)
    return folder


@pytest.fixture
async def open_example(page: Page, site: str, backend: ScriptedBackend) -> AsyncIterator[OpenExample]:
    """Return a function that opens an example, with the addresses of this machine in it."""
    socket = urlsplit(backend.url)
    addresses = {
        f"{API}/live": backend.url,
        API: f"{socket.scheme}://{socket.netloc}",
        "https://YOUR-CDN": site,
        "NONCE": NONCE,
    }

    def fill(path: Path) -> str:
        text = path.read_text(encoding="utf-8")
        for placeholder, address in addresses.items():
            text = text.replace(placeholder, address)
        return text

    async def run(name: str, scripts: Path | None = None) -> None:
        async def serve_page(_: web.Request) -> web.Response:
            policy = EXAMPLES / name / "policy.txt"
            headers = {"Content-Security-Policy": fill(policy).strip()} if policy.is_file() else {}
            return web.Response(text=fill(page_path(name)), content_type="text/html", headers=headers)

        async def serve_script(_: web.Request) -> web.Response:
            assert scripts is not None
            return web.Response(text=fill(scripts / name / "main.js"), content_type="text/javascript")

        app = web.Application()
        app.router.add_get("/", serve_page)
        app.router.add_get("/main.js", serve_script)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        runners.append(runner)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        await page.goto(f"http://127.0.0.1:{runner.addresses[0][1]}/")

    runners: list[web.AppRunner] = []
    yield run
    for runner in runners:
        await runner.cleanup()


def page_path(name: str) -> Path:
    """Return the page of an example."""
    return EXAMPLES / name / ("block.html" if name == "wordpress" else "index.html")


async def test_plain_html(page: Page, open_example: OpenExample, backend: ScriptedBackend) -> None:
    """The page's buttons open the chat and the form, and the page hears of the appointment."""
    BookingScript(backend)
    await open_example("html")
    await page.locator("#ask").click()
    await expect(page.get_by_test_id("panel")).to_be_visible()
    await page.get_by_test_id("close").click()
    await page.locator("#book").click()
    await expect(page.get_by_test_id("booking-service")).to_have_value("consultation")
    await page.get_by_test_id("time").first.click()
    await page.get_by_test_id("booking-contact").fill("anna@example.com")
    await page.get_by_test_id("booking-submit").click()
    await page.get_by_test_id("code-input").fill(CODE)
    await expect(page.locator("#news")).to_contain_text("See you on")


@pytest.mark.parametrize("framework", ["react", "vue"])
async def test_frameworks(
    page: Page, open_example: OpenExample, backend: ScriptedBackend, bundles: Path, framework: str
) -> None:
    """Methods, attributes that change, and listeners work as the framework writes them."""
    backend.on["chat.send"] = answer_with("Tak.")
    await open_example(framework, bundles)
    await page.locator("#ask").click()
    await say(page, "Otwarte?")
    await expect(page.locator("#news")).to_have_text("assistant: Tak.")
    chat = page.locator("stride-chat")
    await expect(chat).to_have_attribute("locale", "pl")
    await page.locator("#language").click()
    await expect(chat).to_have_attribute("locale", "en")
    await expect(messages(page, "answer")).to_have_text("AI assistant: Tak.")


@pytest.mark.parametrize("name", ["wordpress", "csp"])
async def test_pages_without_code(page: Page, open_example: OpenExample, backend: ScriptedBackend, name: str) -> None:
    """A visitor is answered; the fixture of the page fails on every violation of a policy."""
    backend.on["chat.send"] = answer_with("Tak, **od 9**.")
    await open_example(name)
    await page.get_by_test_id("launcher").click()
    await say(page, "Otwarte?")
    await expect(messages(page, "answer").locator("strong")).to_have_text("od 9")


async def test_two_businesses(page: Page, open_example: OpenExample, backend: ScriptedBackend) -> None:
    """Each widget has its conversation, also after a reload, and the page knows which one an event is from."""
    backend.on["chat.send"] = answer_with("Tak.")
    await open_example("two-widgets")
    for name in ("studio", "salon"):
        widget = page.locator(f"#{name}")
        await widget.get_by_test_id("launcher").click()
        await widget.get_by_test_id("composer-input").fill(f"to {name}")
        await widget.get_by_test_id("send").click()
        await expect(widget.get_by_test_id("message")).to_have_count(2)
        await expect(widget.get_by_test_id("message").first).to_contain_text(f"to {name}")
        await widget.get_by_test_id("close").click()
    expected = [f"{name} visitor: to {name}; {name} assistant: Tak.;" for name in ("studio", "salon")]
    await expect(page.locator("#news")).to_have_text(" ".join(expected))
    assert [query["tenant"] for query in backend.attempts] == ["studio-lumen", "salon-ania"]
    assert len(backend.sessions) == 2
    await page.reload()
    await backend.wait_for("hello", 4)
    assert {query["tenant"]: query["session"] for query in backend.attempts[2:]} == {
        "studio-lumen": "token-1",
        "salon-ania": "token-2",
    }
    assert await page.locator("#news").inner_text() == ""


async def test_two_widgets_of_one_business(page: Page, open_example: OpenExample, backend: ScriptedBackend) -> None:
    """They are in one conversation, as two tabs are: what is written in one is in both, once."""
    backend.on["chat.send"] = answer_with("Tak.")
    await open_example("two-widgets")
    studio, salon = page.locator("#studio"), page.locator("#salon")
    await studio.get_by_test_id("launcher").click()
    await backend.wait_for("hello")
    await studio.get_by_test_id("close").click()
    await salon.evaluate("(chat) => chat.setAttribute('tenant', 'studio-lumen')")
    await salon.get_by_test_id("launcher").click()
    await backend.wait_for("hello", 2)
    await salon.get_by_test_id("composer-input").fill("Otwarte?")
    await salon.get_by_test_id("send").click()
    for widget in (studio, salon):
        await expect(widget.get_by_test_id("message")).to_have_count(2)
    assert len(backend.sessions) == 1
    assert len(backend.frames("chat.send")) == 1


def bubbles(page: Page) -> Locator:
    """Return the messages of deep-chat, in the order of the page."""
    return page.locator("deep-chat .text-message")


async def write(page: Page, text: str) -> None:
    """Write a message in deep-chat and send it."""
    await page.locator("deep-chat #text-input").click()
    await page.keyboard.type(text)
    await page.keyboard.press("Enter")


async def stream(connection: Connection, frame: dict[str, Any]) -> None:
    """Answer in two deltas and a final that says more; refuse what begins with "refuse"."""
    await accept(connection, frame)
    re = frame["id"]
    if frame["data"]["text"].startswith("refuse"):
        error = server.ErrorData(code=ErrorCode.MODEL_BUSY, retryable=True, message="Please try again.")
        await connection.session.store(server.Error(re=re, data=error))
        return
    await connection.send(server.ChatDelta(re=re, data=server.ChatDeltaData(offset=0, text="We are ")))
    await asyncio.sleep(0.05)
    await connection.send(server.ChatDelta(re=re, data=server.ChatDeltaData(offset=7, text="open")))
    await connection.session.store(server.ChatFinal(re=re, data=server.ChatFinalData(text="We are open from 9.")))


async def test_another_chat_component(
    page: Page, open_example: OpenExample, backend: ScriptedBackend, bundles: Path
) -> None:
    """deep-chat shows answers and refusals once and in order, sends again what is not acknowledged, and resumes."""
    backend.on["chat.send"] = stream
    await open_example("deep-chat", bundles)
    await backend.wait_for("hello")
    await write(page, "Open?")
    conversation = ["Open?", "We are open from 9."]
    await expect(bubbles(page)).to_have_text(conversation)
    await write(page, "refuse me")
    await expect(page.locator("deep-chat .error-message-text")).to_have_text("Please try again.")

    del backend.on["chat.send"]
    backend.acknowledges = False
    await write(page, "And Sunday?")
    first = await backend.wait_for("chat.send", 3)
    backend.on["chat.send"] = stream
    await backend.connections[0].socket.close()
    again = await backend.wait_for("chat.send", 4)
    assert again["id"] == first["id"]
    hello = backend.latest_frames("hello")[0]
    assert hello["data"]["last_seq"] == 4
    whole = [*conversation, "refuse me", "And Sunday?", "We are open from 9."]
    await expect(bubbles(page).filter(has_not_text="Please try")).to_have_text(whole)

    await page.reload()
    await backend.wait_for("hello", 3)
    await expect(bubbles(page).filter(has_not_text="Please try")).to_have_text(whole)
    assert len(backend.sessions) == 1
