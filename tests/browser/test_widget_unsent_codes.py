"""The chat widget in a real browser, against a scripted backend: a code that could not be sent."""

from collections.abc import Awaitable, Callable

import pytest
from booking_script import CODE, BookingScript, slot
from playwright.async_api import Locator, Page, expect
from scripted_backend import ScriptedBackend

pytestmark = pytest.mark.browser
OpenChat = Callable[[Page], Awaitable[Locator]]


@pytest.fixture
def business(backend: ScriptedBackend) -> BookingScript:
    """Script a business that sends e-mails and text messages, and where the visitor's own time is not free."""
    script = BookingScript(backend)
    script.contact_kinds = ("email", "phone")
    return script


async def hold(page: Page, site: str, open_chat: OpenChat, backend: ScriptedBackend) -> None:
    await page.goto(f"{site}/?lang=en")
    await open_chat(page)
    await page.get_by_test_id("book").click()
    await page.get_by_test_id("booking-service").select_option("consultation")
    await page.get_by_test_id("time").nth(1).click()
    await page.get_by_test_id("booking-contact").fill("anna@example.com")
    await page.get_by_test_id("booking-submit").click()
    await expect(page.get_by_test_id("code-input")).to_be_visible()
    await backend.wait_for("booking.create")


async def test_another_kind_of_contact_is_offered_for_the_same_time(
    page: Page, site: str, backend: ScriptedBackend, business: BookingScript, open_chat: OpenChat
) -> None:
    """The card says it at once; one button leads to the form with the held time chosen and the contact to fill in."""
    await hold(page, site, open_chat, backend)
    business.unlisted = {business.slot.start}
    await business.report_unsent_code(backend.connections[0], "phone")
    await expect(page.get_by_test_id("card-problem")).to_contain_text("Nie udało się wysłać kodu")
    await expect(page.get_by_test_id("code-resend")).to_be_enabled()
    await expect(page.get_by_test_id("use-email")).to_have_count(0)
    await page.get_by_test_id("use-phone").click()
    contact = page.get_by_test_id("booking-contact")
    await expect(contact).to_be_focused()
    await expect(contact).to_have_value("")
    await expect(contact).to_have_attribute("inputmode", "tel")
    await expect(page.locator('stride-chat [data-testid="time"][aria-checked="true"]')).to_have_text("11:00")
    await contact.fill("+48 600 700 800")
    await page.get_by_test_id("booking-submit").click()
    sent = await backend.wait_for("booking.create", 2)
    assert (sent["data"]["contact"], sent["data"]["service"]) == ("+48 600 700 800", "consultation")
    await expect(page.get_by_test_id("card-problem")).to_be_hidden()
    await page.get_by_test_id("code-input").fill(CODE)
    await expect(page.get_by_test_id("appointment")).to_have_attribute("data-stage", "confirmed")


async def test_a_business_with_one_channel_only_says_it(
    page: Page, site: str, backend: ScriptedBackend, business: BookingScript, open_chat: OpenChat
) -> None:
    """There is nothing else to offer; after a reload the card still says it, and another code clears it."""
    await hold(page, site, open_chat, backend)
    await business.report_unsent_code(backend.connections[0])
    await page.reload()
    await expect(page.get_by_test_id("card-problem")).to_contain_text("Nie udało się wysłać kodu")
    await expect(page.get_by_test_id("use-phone")).to_have_count(0)
    await page.get_by_test_id("code-resend").click()
    await expect(page.get_by_test_id("card-problem")).to_be_hidden()


async def test_a_confirmed_visit_shows_no_late_report(
    page: Page, site: str, backend: ScriptedBackend, business: BookingScript, open_chat: OpenChat
) -> None:
    """A later code has confirmed it."""
    await hold(page, site, open_chat, backend)
    await page.get_by_test_id("code-input").fill(CODE)
    await expect(page.get_by_test_id("appointment")).to_have_attribute("data-stage", "confirmed")
    await business.report_unsent_code(backend.connections[0], "phone")
    await business.move_by_business(backend.connections[0], slot(2, 11))
    await expect(page.get_by_test_id("appointment")).to_contain_text("11:00–12:00")
    await expect(page.get_by_test_id("card-problem")).to_be_hidden()
    await expect(page.get_by_test_id("use-phone")).to_have_count(0)
