"""The chat widget in a real browser, against a scripted backend: choosing day and time."""

from collections.abc import Awaitable, Callable

import pytest
from booking_script import BookingScript, slot
from playwright.async_api import Locator, Page, expect
from scripted_backend import ScriptedBackend

pytestmark = pytest.mark.browser
OpenChat = Callable[[Page], Awaitable[Locator]]


@pytest.fixture
def business(backend: ScriptedBackend) -> BookingScript:
    """Script the business that answers the queries: with free times on many days."""
    script = BookingScript(backend)
    script.days = tuple(range(1, 13))
    return script


async def open_times(page: Page, site: str, open_chat: OpenChat, service: str = "consultation") -> Locator:
    """Open the form with the times of a service; return the days."""
    await page.goto(site)
    await open_chat(page)
    await page.get_by_test_id("book").click()
    await page.get_by_test_id("booking-service").select_option(service)
    await expect(page.get_by_test_id("time").first).to_be_visible()
    return page.get_by_test_id("day")


async def checked(page: Page, kind: str) -> list[int]:
    """Return the positions of the chosen buttons of a kind: `day` or `time`."""
    states: list[str] = await page.get_by_test_id(kind).evaluate_all("all => all.map((one) => one.ariaChecked)")
    return [number for number, state in enumerate(states) if state == "true"]


async def is_in_strip(day: Locator) -> bool:
    """Return whether a day is wholly in the visible part of the strip."""
    return bool(
        await day.evaluate(
            """day => {
                const [own, seen] = [day, day.closest(".days")].map((each) => each.getBoundingClientRect());
                return own.left >= seen.left - 1 && own.right <= seen.right + 1;
            }"""
        )
    )


async def test_days_and_times_are_one_stop_of_the_keyboard_each(
    page: Page, site: str, business: BookingScript, open_chat: OpenChat
) -> None:
    """Tab goes from the service to the day, to the later days, to the times and on; arrows choose."""
    days = await open_times(page, site, open_chat)
    await page.get_by_test_id("booking-service").focus()
    stops = []
    for _ in range(5):
        await page.keyboard.press("Tab")
        stops.append(await page.evaluate("document.activeElement.shadowRoot.activeElement.dataset.testid"))
    assert stops == ["day", "later-days", "time", "booking-name", "booking-contact"]

    await days.first.focus()
    for key, chosen in (("ArrowRight", 1), ("ArrowDown", 2), ("ArrowLeft", 1), ("End", 11), ("ArrowRight", 0)):
        await page.keyboard.press(key)
        assert await checked(page, "day") == [chosen], key
        await expect(days.nth(chosen)).to_be_focused()
        assert await is_in_strip(days.nth(chosen)), key
    await page.get_by_test_id("time").first.focus()
    await page.keyboard.press("ArrowUp")
    assert await checked(page, "time") == [3]
    await page.keyboard.press("Home")
    assert await checked(page, "time") == [0]
    await expect(page.get_by_role("radiogroup", name="Dzień").get_by_role("radio", checked=True)).to_have_count(1)


async def test_arrows_are_mirrored_where_the_text_is(
    page: Page, site: str, business: BookingScript, open_chat: OpenChat
) -> None:
    """From right to left the next day is on the left, and the wheel scrolls there."""
    days = await open_times(page, site, open_chat)
    await page.locator("stride-chat").evaluate("chat => { chat.dir = 'rtl'; }")
    await days.first.focus()
    await page.keyboard.press("ArrowLeft")
    assert await checked(page, "day") == [1]
    first, second = [await days.nth(number).bounding_box() for number in (0, 1)]
    assert first is not None
    assert second is not None
    assert second["x"] < first["x"]
    await days.first.hover()
    await page.mouse.wheel(0, 300)
    strip = page.get_by_test_id("days")
    await page.wait_for_function("strip => strip.scrollLeft < -100", arg=await strip.element_handle())


async def test_the_strip_moves_by_wheel_and_buttons(
    page: Page, site: str, business: BookingScript, open_chat: OpenChat
) -> None:
    """A wheel that turns one way only moves it, too; a button is there where days are out of sight."""
    days = await open_times(page, site, open_chat)
    strip = await page.get_by_test_id("days").element_handle()
    back, onward = page.get_by_test_id("days-back"), page.get_by_test_id("days-onward")
    await expect(back).to_be_hidden()
    await days.first.hover()
    await page.mouse.wheel(0, 200)
    await page.wait_for_function("strip => strip.scrollLeft === 200", arg=strip)
    await onward.click()
    await page.wait_for_function("strip => strip.scrollLeft > 400", arg=strip)
    await back.click()
    await page.wait_for_function("strip => strip.scrollLeft < 300", arg=strip)


async def test_a_day_that_is_asked_for_is_in_view(
    page: Page, site: str, business: BookingScript, open_chat: OpenChat
) -> None:
    """The assistant's offer names a day at the end of the strip."""
    await page.goto(site)
    await open_chat(page)
    day = f"{slot(12, 9).start:%Y-%m-%d}"
    await page.locator("stride-chat").evaluate("(chat, date) => chat.book({ service: 'therapy', date })", day)
    chosen = page.locator(f'stride-chat [data-value="{day}"]')
    await expect(chosen).to_have_attribute("aria-checked", "true")
    assert await is_in_strip(chosen)


async def test_later_days_end_at_the_horizon(
    page: Page, site: str, backend: ScriptedBackend, business: BookingScript, open_chat: OpenChat
) -> None:
    """The form says which is the last day, and the focus goes to the first of the later ones."""
    business.last_date = slot(20, 9).start.date()
    days = await open_times(page, site, open_chat)
    business.days = (16, 20)
    later = page.get_by_test_id("later-days")
    await later.focus()
    await page.keyboard.press("Enter")
    await expect(days).to_have_count(14)
    queried = await backend.wait_for("booking.slots", 3)
    assert queried["data"]["from"] == f"{slot(14, 9).start:%Y-%m-%d}"
    await expect(later).to_be_hidden()
    await expect(days.nth(12)).to_be_focused()
    assert await checked(page, "day") == [0]
    await expect(page.get_by_test_id("times-note")).to_contain_text("Można rezerwować do: ")


async def test_a_server_that_names_no_last_day_is_asked_on(
    page: Page, site: str, backend: ScriptedBackend, business: BookingScript, open_chat: OpenChat
) -> None:
    """As one of the release before does not."""
    await open_times(page, site, open_chat)
    business.days = ()
    await page.get_by_test_id("later-days").click()
    await backend.wait_for("booking.slots", 3)
    await expect(page.get_by_test_id("later-days")).to_be_enabled()


async def test_the_form_names_length_price_and_fee(
    page: Page, site: str, business: BookingScript, open_chat: OpenChat
) -> None:
    """Length and price of a service with a long name, and what a late cancellation costs; on the card, too."""
    name = "Konsultacja z oceną postawy, planem ćwiczeń i omówieniem wyników badań obrazowych"
    first, *others = business.services
    business.services = (first.model_copy(update={"name": name, "price": "od 220 zł"}), *others)
    business.cancellation_fee, business.deadline_hours = "50 zł <b>", 12
    await open_times(page, site, open_chat)
    await expect(page.get_by_test_id("service-facts")).to_have_text("60\N{NO-BREAK SPACE}min · od 220 zł")
    await expect(page.get_by_test_id("cancellation-fee")).to_have_text("Późne odwołanie lub nieobecność: 50 zł <b>")
    await page.get_by_test_id("time").first.click()
    await page.get_by_test_id("booking-contact").fill("anna@example.com")
    await page.get_by_test_id("booking-submit").click()
    await expect(page.get_by_test_id("card-fee")).to_contain_text("50 zł <b>")
    await expect(page.get_by_test_id("change-until")).to_contain_text("21:00")
    await page.get_by_test_id("release").click()
    await expect(page.get_by_test_id("appointment")).to_have_attribute("data-stage", "cancelled")
    await expect(page.get_by_test_id("card-fee")).to_be_hidden()
    await expect(page.get_by_test_id("change-until")).to_be_hidden()
