"""What the desk's script does: it announces who waits, reports typing and reading, and lays answers out."""

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from playwright.async_api import Page, Route, expect

from tests.deadlines import DEADLINE_SECONDS

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
ADDRESS = "http://127.0.0.1:9/today/salon-ania/conversations/s-1"
PAGE = """<!doctype html><title>Salon</title><script type="module" src="/static/desk.js"></script>
<main data-waiting="/waiting">
  <button type="button" hidden data-notify data-testid="notify" data-title="Desk">Notify me</button>
  <section class="log" data-read-seq="7"><div data-markdown>Yes, **dogs**.</div></section>
  <form data-presence="/presence"><input type="hidden" name="csrf" value="token">
  <textarea data-testid="answer"></textarea>
  </form>
</main>"""
NOTIFICATION = """
window.announced = [];
window.Notification = class extends EventTarget {
  static permission = "default";
  static async requestPermission() { Notification.permission = "granted"; return "granted"; }
  constructor(title, options) { super(); announced.push([title, options.body]); }
};
"""


class Desk:
    """Answers the requests of a page, and keeps what it reports."""

    def __init__(self) -> None:
        self.waiting: dict[str, Any] = {"text": "", "marks": []}
        self.reports: list[dict[str, str]] = []
        self.has_widget = True
        self.checks = 0

    async def answer(self, route: Route) -> None:
        """Answer one request."""
        path = route.request.url.removeprefix("http://127.0.0.1:9")
        if path == "/waiting":
            self.checks += 1
            await route.fulfill(body=json.dumps(self.waiting), content_type="application/json")
        elif path == "/presence":
            self.reports.append(dict(parse_qsl(route.request.post_data or "")))
            await route.fulfill(status=204)
        elif path == "/static/desk.js":
            await route.fulfill(path=ROOT / "ops/web/static/desk.js", content_type="text/javascript")
        elif path.startswith("/widget/") and self.has_widget:
            await route.fulfill(path=ROOT / path.removeprefix("/"), content_type="text/javascript")
        elif path.startswith("/today/"):
            await route.fulfill(body=PAGE, content_type="text/html")
        else:
            await route.fulfill(status=404)


@pytest.fixture
async def desk(page: Page) -> Desk:
    """Return the desk that answers the page."""
    desk = Desk()
    await page.route("**/*", desk.answer)
    await page.clock.install()
    await page.add_init_script(NOTIFICATION)
    return desk


async def wait_for_check(page: Page, desk: Desk, number: int) -> None:
    """Let time pass until the page has asked so often who waits."""
    await page.clock.run_for(15_000)
    async with asyncio.timeout(DEADLINE_SECONDS):
        while desk.checks < number:
            await asyncio.sleep(0.01)
    assert desk.checks == number


async def test_who_waits_is_announced_once(page: Page, desk: Desk) -> None:
    """In the title at once; by a notification only who is new, once a press has asked for the permission."""
    desk.waiting = {"text": "1 visitor waits for a person.", "marks": ["a"]}
    await page.goto(ADDRESS)
    await expect(page).to_have_title("(1) Salon")
    await page.get_by_test_id("notify").click()
    await expect(page.get_by_test_id("notify")).to_be_hidden()
    desk.waiting = {"text": "2 visitors wait for a person.", "marks": ["a", "b"]}
    await wait_for_check(page, desk, 2)
    await expect(page).to_have_title("(2) Salon")
    await wait_for_check(page, desk, 3)
    desk.waiting = {"text": "", "marks": []}
    await wait_for_check(page, desk, 4)
    await expect(page).to_have_title("Salon")
    assert await page.evaluate("announced") == [["Desk", "2 visitors wait for a person."]]


async def test_nothing_is_announced_without_permission(page: Page, desk: Desk) -> None:
    """Whoever has not pressed the button is not asked, and gets the count only."""
    await page.goto(ADDRESS)
    await expect(page.get_by_test_id("notify")).to_be_visible()
    desk.waiting = {"text": "1 visitor waits for a person.", "marks": ["a"]}
    await wait_for_check(page, desk, 2)
    await expect(page).to_have_title("(1) Salon")
    assert await page.evaluate("announced") == []


async def test_typing_is_reported_every_four_seconds(page: Page, desk: Desk) -> None:
    """However fast somebody types; its end is reported when the field is empty again."""
    await page.goto(ADDRESS)
    answer = page.get_by_test_id("answer")
    await answer.press_sequentially("Yes, dogs may come with you.")
    await page.clock.run_for(4_000)
    await answer.press_sequentially(" Cats, too.")
    await answer.fill("")
    await page.evaluate("0")
    typing = [report for report in desk.reports if "typing" in report]
    assert typing == [{"csrf": "token", "typing": value} for value in ("1", "1", "0")]
    assert [report["read_seq"] for report in desk.reports if "read_seq" in report] == ["7"]


@pytest.mark.parametrize("has_widget", [True, False])
async def test_answers_look_as_the_visitor_sees_them(page: Page, desk: Desk, *, has_widget: bool) -> None:
    """Without the widget's module they stay text."""
    desk.has_widget = has_widget
    await page.goto(ADDRESS)
    await expect(page.locator("[data-markdown]")).to_have_text("Yes, dogs." if has_widget else "Yes, **dogs**.")
    await expect(page.locator("[data-markdown] strong")).to_have_count(1 if has_widget else 0)
