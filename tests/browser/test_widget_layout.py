"""The chat widget in a real browser, against a scripted backend: short windows, forced colours, no mouse."""

from collections.abc import Awaitable, Callable

import pytest
from booking_script import CODE, BookingScript
from playwright.async_api import Browser, Locator, Page, expect
from scripted_backend import ScriptedBackend
from widget_steps import answer_with, confirm, say

from tests.deadlines import DEADLINE_SECONDS

pytestmark = pytest.mark.browser
OpenChat = Callable[[Page], Awaitable[Locator]]


@pytest.fixture
def business(backend: ScriptedBackend) -> BookingScript:
    """Script the business that answers the bookings."""
    return BookingScript(backend)


async def list_scrolled(page: Page) -> list[str]:
    """Return the classes of the parts that scroll up and down."""
    found: list[str] = await page.locator("stride-chat").evaluate(
        """chat => [...chat.shadowRoot.querySelectorAll("*")].filter((each) =>
            each.scrollHeight > each.clientHeight + 1 && /auto|scroll/.test(getComputedStyle(each).overflowY)
            && each.localName !== "textarea" && each.checkVisibility()).map(({ className }) => className)"""
    )
    return found


@pytest.mark.usefixtures("business")
@pytest.mark.parametrize("size", [(640, 360), (320, 256)], ids=["a phone on its side", "400 %"])
async def test_a_short_window_scrolls_as_a_whole(
    page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat, size: tuple[int, int]
) -> None:
    """One scroll bar leads through header, form and button, and through the conversation."""
    backend.on["chat.send"] = answer_with("Tak.\n\n" * 12)
    await page.set_viewport_size({"width": size[0], "height": size[1]})
    await page.goto(site)
    await open_chat(page)
    await say(page, "Dzień dobry")
    await expect(page.locator('stride-chat [data-kind="answer"]')).to_be_visible()
    assert await list_scrolled(page) == ["panel"]
    await expect(page.get_by_test_id("composer-input")).to_be_in_viewport()
    await page.get_by_test_id("book").click()
    await page.get_by_test_id("booking-service").select_option("consultation")
    await expect(page.get_by_test_id("time").first).to_be_visible()
    assert await list_scrolled(page) == ["panel"]
    await page.get_by_test_id("booking-submit").scroll_into_view_if_needed()
    await expect(page.get_by_test_id("booking-submit")).to_be_in_viewport(ratio=1)
    await page.get_by_test_id("close").scroll_into_view_if_needed()
    await expect(page.get_by_test_id("close")).to_be_in_viewport(ratio=1)


async def test_forced_colours_show_what_is_chosen(
    chromium: Browser, site: str, business: BookingScript, open_chat: OpenChat
) -> None:
    """Of the days, and of the times."""
    context = await chromium.new_context(forced_colors="active", reduced_motion="reduce")
    context.set_default_timeout(DEADLINE_SECONDS * 1000)
    page = await context.new_page()
    await page.goto(site)
    await open_chat(page)
    await page.get_by_test_id("book").click()
    await page.get_by_test_id("booking-service").select_option("consultation")
    await page.get_by_test_id("time").nth(1).click()
    for kind in ("day", "time"):
        colors = await page.get_by_test_id(kind).evaluate_all(
            "all => all.map((one) => [one.ariaChecked, getComputedStyle(one).backgroundColor])"
        )
        assert {color for checked, color in colors if checked == "true"}.isdisjoint(
            color for checked, color in colors if checked == "false"
        ), kind
    await context.close()


async def test_a_cancelled_visit_strikes_day_and_time(
    page: Page, site: str, business: BookingScript, open_chat: OpenChat
) -> None:
    """An inline block does not inherit the line of its parent."""
    card = await confirm(page, site, open_chat)
    await page.get_by_test_id("cancel-appointment").click()
    await page.get_by_test_id("cancel-yes").click()
    await expect(card).to_have_attribute("data-stage", "cancelled")
    for part in await card.locator(".card-when > *").all():
        await expect(part).to_have_css("text-decoration-line", "line-through")


async def press_until(page: Page, key: str, testid: str) -> None:
    """Press a key until the control has the focus; fail if it never has."""
    for _ in range(12):
        if await page.evaluate("document.activeElement.shadowRoot?.activeElement?.dataset.testid") == testid:
            return
        await page.keyboard.press(key)
    pytest.fail(f"{testid} was not reached")


async def test_a_visit_without_a_mouse(
    page: Page, site: str, backend: ScriptedBackend, business: BookingScript
) -> None:
    """From the launcher to the cancelled visit."""
    keyboard = page.keyboard
    await page.goto(site)
    await press_until(page, "Tab", "launcher")
    await keyboard.press("Enter")
    await expect(page.get_by_test_id("composer-input")).to_be_focused()
    await press_until(page, "Shift+Tab", "book")
    await keyboard.press("Enter")
    await expect(page.get_by_test_id("booking-service")).to_be_focused()
    await expect(page.get_by_test_id("booking-service").locator("option")).to_have_count(3)
    await keyboard.press("ArrowDown")
    await expect(page.get_by_test_id("time").first).to_be_visible()
    await press_until(page, "Tab", "day")
    await keyboard.press("ArrowRight")
    await press_until(page, "Tab", "time")
    await keyboard.press("ArrowRight")
    await press_until(page, "Tab", "booking-contact")
    await keyboard.type("anna@example.com")
    await keyboard.press("Enter")
    await expect(page.get_by_test_id("code-input")).to_be_focused()
    await keyboard.type(CODE)
    card = page.get_by_test_id("appointment")
    await expect(card).to_have_attribute("data-stage", "confirmed")
    await expect(card).to_contain_text("11:00–12:00")
    await press_until(page, "Tab", "cancel-appointment")
    await keyboard.press("Enter")
    await press_until(page, "Tab", "cancel-yes")
    await keyboard.press("Enter")
    await expect(card).to_have_attribute("data-stage", "cancelled")
