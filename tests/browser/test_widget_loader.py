"""The loader: what a page loads and when, what happens where it can't be loaded, and pages of other origins."""

import json
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web
from booking_script import LINKS, BookingScript
from playwright.async_api import BrowserContext, Locator, Page, Route, expect
from scripted_backend import ScriptedBackend
from widget_steps import answer_with, messages, say

from infra.local.site.widget_files import BUNDLE, is_bundled

pytestmark = pytest.mark.browser
OpenChat = Callable[[Page], Awaitable[Locator]]
ServePage = Callable[[str, str], Awaitable[str]]

STRICT_POLICY = (
    "default-src 'none'; script-src 'nonce-r4nd0m' 'strict-dynamic'; connect-src {websocket}; img-src data:; "
    "base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
NEEDS_BUNDLE = pytest.mark.skipif(not is_bundled(), reason="the tools for JavaScript may be missing")


@pytest.fixture
async def serve_page():
    """Return a function that serves one page with a policy, at an origin of its own."""
    runners: list[web.AppRunner] = []

    async def serve(html: str, policy: str) -> str:
        async def answer(_request: web.Request) -> web.Response:
            return web.Response(text=html, content_type="text/html", headers={"Content-Security-Policy": policy})

        app = web.Application()
        app.router.add_get("/", answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        runners.append(runner)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}/"

    yield serve
    for runner in runners:
        await runner.cleanup()


def record_requests(page: Page) -> list[str]:
    """Return a list that fills with the names of the widget's files that the page requests."""
    requested: list[str] = []

    def note(url: str) -> None:
        if "/widget/" in url:
            requested.append(url.rpartition("/")[2])

    page.on("request", lambda request: note(request.url))
    return requested


async def test_the_conversation_is_loaded_when_the_pointer_comes_near(page: Page, site: str) -> None:
    """Before that the page loads nothing of it, and the launcher is there with its name."""
    requested = record_requests(page)
    await page.goto(site)
    launcher = page.get_by_test_id("launcher")
    await expect(launcher).to_have_accessible_name("Otwórz czat")
    await page.wait_for_load_state("networkidle")
    assert "chat-window.js" not in requested
    assert "pl.js" not in requested

    await launcher.hover()
    await page.wait_for_load_state("networkidle")
    assert {"chat-window.js", "pl.js"} <= set(requested)
    assert "visit-sheet.js" not in requested
    await expect(page.get_by_test_id("panel")).to_be_hidden()


@NEEDS_BUNDLE
async def test_a_visitor_needs_three_requests(page: Page, site: str, open_chat: OpenChat) -> None:
    """The loader, the conversation and its texts in one language."""
    requested = record_requests(page)
    await page.goto(site)
    await open_chat(page)
    assert sorted(requested) == ["chat-window.js", "pl.js", "stride-chat.js"]


@pytest.mark.parametrize(
    ("area", "key", "value"),
    [
        ("localStorage", "session", "token-1"),
        ("localStorage", "out/1", '{"at": 1, "frame": {}}'),
        ("sessionStorage", "open", "yes"),
    ],
)
async def test_what_was_begun_is_loaded_at_once(page: Page, site: str, area: str, key: str, value: str) -> None:
    """A conversation, a message without an ack, or an open window: nobody has to come near."""
    entry = json.dumps([f"stride-chat/studio-lumen/{key}", value])
    await page.add_init_script(f"globalThis[{json.dumps(area)}].setItem(...{entry})")
    async with page.expect_request("**/chat-window.js"):
        await page.goto(site)


@pytest.mark.parametrize("file", ["chat-window.js", "pl.js"])
async def test_a_press_that_could_load_nothing_is_explained(page: Page, site: str, file: str) -> None:
    """The launcher says so, nothing opens by itself later, and the next press tries again."""
    failures = ["first"]

    async def fail_once(route: Route) -> None:
        if failures:
            failures.pop()
            await route.fulfill(status=503)
        else:
            await route.continue_()

    await page.route(f"**/{file}", fail_once)
    await page.goto(site)
    launcher, failure = page.get_by_test_id("launcher"), page.get_by_test_id("load-failure")
    await launcher.evaluate("launcher => launcher.click()")
    await expect(failure).to_have_text("Nie udało się tego wczytać. Spróbuj ponownie albo odśwież stronę.")
    await expect(launcher).to_be_visible()
    await launcher.click()
    await expect(page.get_by_test_id("panel")).to_be_visible()
    await expect(failure).to_be_hidden()


async def test_a_link_whose_view_cannot_be_loaded_is_followed_later(
    page: Page, site: str, backend: ScriptedBackend
) -> None:
    """Who has followed a link from an e-mail is told, and need not follow it again."""
    business = BookingScript(backend)
    business.state = "confirmed"
    failures = ["first"]

    async def fail_once(route: Route) -> None:
        if failures:
            failures.pop()
            await route.abort()
        else:
            await route.continue_()

    await page.route("**/visit-sheet.js", fail_once)
    await page.clock.install()
    await page.goto(f"{site}/#stride-cancel={LINKS['cancel']}")
    await expect(page.get_by_test_id("load-failure")).to_be_visible()
    await page.clock.run_for(5_000)
    await expect(page.get_by_test_id("visit")).to_have_attribute("data-state", "confirmed")
    await expect(page.get_by_test_id("load-failure")).to_be_hidden()


async def test_what_a_page_asks_for_at_once_waits_for_the_conversation(page: Page, site: str) -> None:
    """Methods can be called as soon as the element is defined; a close takes the opening back."""
    await page.goto(site)
    opened = await page.evaluate(
        """async () => {
          await customElements.whenDefined("stride-chat");
          const chat = document.querySelector("stride-chat");
          const opened = new Promise((resolve) => addEventListener("stride-chat-open", () => resolve(true)));
          chat.open();
          chat.close();
          chat.book({ service: "consultation" });
          return opened;
        }"""
    )
    assert opened is True
    await expect(page.get_by_test_id("booking-form")).to_be_visible()


async def test_a_close_takes_an_opening_back_that_waits(page: Page, site: str) -> None:
    """What the page asked for before the conversation was there does not happen after it."""
    await page.goto(site)
    async with page.expect_response("**/chat-window.js"):
        await page.evaluate("(chat => { chat.open(); chat.close(); })(document.querySelector('stride-chat'))")
    await expect(page.get_by_test_id("panel")).to_be_attached()
    await expect(page.get_by_test_id("panel")).to_be_hidden()


SNIPPET = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>A business</title><link rel="icon" href="data:,">
<script type="module" src="{widget}/widget/stride-chat.js"{attributes}></script>
<stride-chat websocket-url="{websocket}" tenant="studio-lumen" locale="en"></stride-chat>
"""


async def test_the_snippet_of_the_release_before_works_on_another_origin(
    page: Page, site: str, backend: ScriptedBackend, serve_page: ServePage
) -> None:
    """With its address, attributes, methods, events and parts, on a page with the strictest policy."""
    backend.on["chat.send"] = answer_with("Yes.")
    html = SNIPPET.format(widget=site, websocket=backend.url, attributes=' nonce="r4nd0m"')
    origin = "/".join(backend.url.split("/")[:3])
    await page.goto(await serve_page(html, STRICT_POLICY.format(websocket=origin)))
    await page.evaluate(
        """() => {
          globalThis.heard = [];
          for (const name of ["stride-chat-open", "stride-chat-close"])
            document.addEventListener(name, (event) => heard.push([event.type, event.target.localName]));
        }"""
    )
    await page.get_by_test_id("launcher").click()
    await expect(page.get_by_test_id("panel")).to_be_visible()
    await say(page, "Are you open?")
    await expect(messages(page, "answer")).to_have_text("AI assistant: Yes.")
    parts = await page.evaluate(
        """() => [...document.querySelector("stride-chat").shadowRoot.querySelectorAll("[part]")]
          .map((element) => element.getAttribute("part"))"""
    )
    assert {"launcher", "panel", "header", "log", "message-visitor", "message-assistant", "composer", "booking"} <= set(
        parts
    )
    await page.evaluate("document.querySelector('stride-chat').close()")
    await expect(page.get_by_test_id("launcher")).to_be_focused()
    assert await page.evaluate("heard") == [["stride-chat-open", "stride-chat"], ["stride-chat-close", "stride-chat"]]


@pytest.fixture
async def pinned(site: str, backend: ScriptedBackend, serve_page: ServePage) -> str:
    """Serve a page that pins a release: the hash of the loader, and an import map with those of what it imports."""
    manifest = json.loads((BUNDLE / "manifest.json").read_text(encoding="utf-8"))
    folder, files = f"{site}/widget/{manifest['version']}", manifest["releases"][0]["files"]
    integrity = {f"{folder}/{path}": facts["integrity"] for path, facts in files.items()}
    hash_of_loader = files["stride-chat.js"]["integrity"]
    html = SNIPPET.format(
        widget=site, websocket=backend.url, attributes=f' integrity="{hash_of_loader}" crossorigin'
    ).replace(f"{site}/widget/stride-chat.js", f"{folder}/stride-chat.js")
    import_map = f'<script type="importmap">{json.dumps({"integrity": integrity})}</script>'
    return await serve_page(html.replace("<script", f"{import_map}<script", 1), "object-src 'none'")


@NEEDS_BUNDLE
async def test_a_pinned_release_opens(page: Page, pinned: str) -> None:
    """Its files have the published hashes."""
    await page.goto(pinned)
    await page.get_by_test_id("launcher").click()
    await expect(page.get_by_test_id("panel")).to_be_visible()


@NEEDS_BUNDLE
async def test_a_pinned_release_runs_nothing_else(context: BrowserContext, pinned: str) -> None:
    """A file that was changed where it is published does not run."""
    page = await context.new_page()

    async def tamper(route: Route) -> None:
        body = (await (await route.fetch()).text()) + "globalThis.tampered = 1;"
        await route.fulfill(content_type="text/javascript", body=body, headers={"Access-Control-Allow-Origin": "*"})

    await page.route("**/chat-window.js", tamper)
    await page.goto(pinned)
    await page.get_by_test_id("launcher").click()
    await expect(page.get_by_test_id("load-failure")).to_be_visible()
    assert await page.evaluate("globalThis.tampered") is None


@NEEDS_BUNDLE
async def test_only_the_loader_is_asked_for_again(page: Page, site: str, open_chat: OpenChat) -> None:
    """The files of a release never change; pages of other origins may load all of them."""
    answers = {}
    page.on("response", lambda response: answers.update({response.url.rpartition("/")[2]: response}))
    await page.goto(site)
    await open_chat(page)
    assert answers["chat-window.js"].headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answers["stride-chat.js"].headers["cache-control"] == "no-cache"
    assert answers["stride-chat.js"].headers["access-control-allow-origin"] == "*"
