"""The chat widget in a real browser, against a scripted backend: the deadline of the business for changes."""

from collections.abc import Awaitable, Callable

import pytest
from booking_script import CODE, LINKS, BookingScript, slot
from playwright.async_api import Locator, Page, expect
from scripted_backend import ScriptedBackend

pytestmark = pytest.mark.browser
OpenChat = Callable[[Page], Awaitable[Locator]]


@pytest.fixture
def business(backend: ScriptedBackend) -> BookingScript:
    """Script a business that lets visitors change visits until two hours before they begin."""
    script = BookingScript(backend)
    script.deadline_hours = 2
    return script


async def test_the_deadline_is_displayed_before_and_after_the_booking(
    page: Page, site: str, business: BookingScript, open_chat: OpenChat
) -> None:
    """In the form as hours, and on the card of the confirmed visit as a time."""
    await page.goto(f"{site}/?lang=en")
    await open_chat(page)
    await page.get_by_test_id("book").click()
    await page.get_by_test_id("booking-service").select_option("consultation")
    await expect(page.get_by_test_id("change-deadline")).to_have_text(
        "You can cancel or move your visit here until 2 hours before it begins."
    )
    await page.get_by_test_id("time").first.click()
    await page.get_by_test_id("booking-contact").fill("anna@example.com")
    await page.get_by_test_id("booking-submit").click()
    await page.get_by_test_id("code-input").fill(CODE)
    until = page.get_by_test_id("change-until")
    await expect(until).to_contain_text("You can cancel or move the visit here until")
    await expect(until).to_contain_text("07:00.")
    await expect(page.get_by_test_id("cancel-appointment")).to_be_visible()


async def test_a_link_shows_the_deadline(page: Page, site: str, business: BookingScript) -> None:
    """While the visit can be changed; after it the visitor is asked to contact the business, and has no buttons."""
    business.state, business.foreign = "confirmed", True
    await page.goto(f"{site}/?lang=en#stride-cancel={LINKS['cancel']}")
    await expect(page.get_by_test_id("visit-state")).to_contain_text("cancel or move the visit here until")
    await expect(page.get_by_test_id("visit-cancel")).to_be_visible()

    business.slot, business.deadline_hours, business.may_change = slot(1, 9), 72, False
    await page.goto(f"{site}/?lang=en&again#stride-cancel={LINKS['cancel']}")
    await expect(page.get_by_test_id("visit-state")).to_contain_text("The visit could be cancelled or moved here until")
    await expect(page.get_by_test_id("visit-state")).to_contain_text("please contact us")
    await expect(page.get_by_test_id("visit-cancel")).to_be_hidden()


async def test_a_business_without_a_deadline_says_nothing(
    page: Page, site: str, business: BookingScript, open_chat: OpenChat
) -> None:
    """Nor does a server of the release before."""
    business.deadline_hours = None
    await page.goto(f"{site}/?lang=en")
    await open_chat(page)
    await page.get_by_test_id("book").click()
    await page.get_by_test_id("booking-service").select_option("consultation")
    await expect(page.get_by_test_id("time").first).to_be_visible()
    await expect(page.get_by_test_id("change-deadline")).to_be_hidden()
