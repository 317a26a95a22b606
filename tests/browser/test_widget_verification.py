"""The chat widget in a real browser, against a scripted backend: the code and its limits."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import pytest
from booking_script import APPOINTMENT, CODE, SERVICES, BookingScript, refuse, slot
from playwright.async_api import Locator, Page, expect
from scripted_backend import Connection, ScriptedBackend
from widget_steps import hold

from shared.messages import server
from shared.messages.errors import ErrorCode

pytestmark = pytest.mark.browser
OpenChat = Callable[[Page], Awaitable[Locator]]


@pytest.fixture
def business(backend: ScriptedBackend) -> BookingScript:
    """Script the business that answers the bookings."""
    return BookingScript(backend)


async def test_time_filled_while_the_code_was_awaited(
    page: Page, site: str, backend: ScriptedBackend, business: BookingScript, open_chat: OpenChat
) -> None:
    """A correct code for an occupied time leads to alternatives; choosing one moves the same appointment."""
    business.filled = (slot(1, 11), slot(2, 9), slot(2, 11))
    card = await hold(page, site, open_chat)
    await page.get_by_test_id("code-input").fill(CODE)
    await expect(card).to_have_attribute("data-stage", "taken")
    await expect(page.get_by_test_id("card-note")).to_contain_text("Kod był poprawny")
    await expect(page.locator("stride-chat :focus")).to_have_text("Ten termin jest już zajęty")
    await page.reload()
    await expect(card).to_have_attribute("data-stage", "taken")
    await expect(page.get_by_test_id("notice")).to_have_count(0)
    await page.get_by_test_id("alternative").nth(1).click()
    await expect(card).to_have_attribute("data-stage", "confirmed")
    moved = await backend.wait_for("booking.reschedule")
    assert datetime.fromisoformat(moved["data"].pop("start")) == slot(2, 9).start
    assert moved["data"] == {"appointment_id": APPOINTMENT}
    assert len(backend.frames("booking.create")) == 1
    await expect(page.get_by_test_id("card-problem")).to_be_hidden()


async def test_filled_time_and_no_suitable_alternative(
    page: Page, site: str, backend: ScriptedBackend, business: BookingScript, open_chat: OpenChat
) -> None:
    """If no alternative suits, the time picker moves the appointment, and a new code can be requested."""
    business.filled = ()
    card = await hold(page, site, open_chat)
    await page.get_by_test_id("code-input").fill(CODE)
    business.proven = False
    await page.get_by_test_id("choose-another").click()
    await page.get_by_test_id("time").nth(2).click()
    await page.get_by_test_id("booking-submit").click()
    await expect(card).to_have_attribute("data-stage", "pending")
    await expect(card).to_contain_text("14:00–15:00")
    assert len(backend.frames("booking.create")) == 1


async def test_waiting_time_is_displayed_in_minutes(
    page: Page, site: str, backend: ScriptedBackend, business: BookingScript, open_chat: OpenChat
) -> None:
    """After too many codes the card says after how many minutes another one can be requested."""

    async def slow_down(connection: Connection, frame: dict[str, Any]) -> None:
        data = server.ErrorData(
            code=ErrorCode.RATE_LIMITED, retryable=True, message="Za szybko.", retry_after_ms=11 * 60_000 + 1
        )
        await connection.session.store(server.Error(re=frame["id"], data=data))

    backend.on["booking.resend"] = slow_down
    card = await hold(page, site, open_chat)
    await page.get_by_test_id("code-resend").click()
    await expect(page.get_by_test_id("card-problem")).to_contain_text("za 12 min")
    await expect(card).to_have_attribute("data-stage", "pending")
    await expect(page.get_by_test_id("code-resend")).to_be_enabled()


async def test_too_many_attempts_lead_back_to_the_times(
    page: Page, site: str, backend: ScriptedBackend, business: BookingScript, open_chat: OpenChat
) -> None:
    """After the last wrong code the hold has ended, and one button leads to the times of the same service."""

    async def enough(connection: Connection, frame: dict[str, Any]) -> None:
        await refuse(connection, frame, ErrorCode.TOO_MANY_ATTEMPTS, "Za dużo prób. Zarezerwuj ponownie.")

    backend.on["booking.verify"] = enough
    card = await hold(page, site, open_chat)
    await page.get_by_test_id("code-input").fill("000000")
    await expect(card).to_have_attribute("data-stage", "lapsed")
    await expect(page.get_by_test_id("card-problem")).to_have_text("Za dużo prób. Zarezerwuj ponownie.")
    await page.get_by_test_id("book-again").click()
    await expect(page.get_by_test_id("booking-service")).to_have_value("consultation")
    await expect(page.get_by_test_id("booking-contact")).to_have_value("anna@example.com")
    await expect(page.get_by_test_id("time").first).to_be_visible()


async def test_phone_number_where_the_business_takes_one(
    page: Page, site: str, backend: ScriptedBackend, business: BookingScript, open_chat: OpenChat
) -> None:
    """A number is accepted as contact only if the server allows it; then the code comes in a text message."""
    business.contact, business.contact_kind = "+48 *** *** 78", "phone"

    async def times(connection: Connection, frame: dict[str, Any]) -> None:
        service = frame["data"].get("service")
        data = server.BookingSlotsData(
            slots=(slot(1, 9, service),) if service else (),
            services=SERVICES,
            time_zone="Europe/Warsaw",
            contact_kinds=("email", "phone"),
        )
        await connection.session.post(server.BookingSlots(re=frame["id"], data=data))

    backend.on["booking.slots"] = times
    await page.goto(site)
    await open_chat(page)
    await page.get_by_test_id("book").click()
    await page.get_by_test_id("booking-service").select_option("consultation")
    contact, submit = page.get_by_test_id("booking-contact"), page.get_by_test_id("booking-submit")
    await page.get_by_test_id("time").first.click()
    await expect(page.get_by_label("E-mail", exact=True)).to_have_attribute("inputmode", "email")
    await page.get_by_role("radio", name="Numer telefonu").click()
    await expect(page.get_by_label("Numer telefonu", exact=True)).to_have_attribute("inputmode", "tel")
    await expect(contact).to_have_attribute("autocomplete", "tel")
    await contact.fill("12345")
    await submit.click()
    await expect(page.get_by_test_id("contact-problem")).to_contain_text("numer telefonu")
    await contact.fill("anna@example.com")  # Accepted, too: the choice is for the keyboard.
    await page.get_by_role("radio", name="E-mail").click()
    await contact.fill(" 512 345-678 ")
    await submit.click()
    card = page.get_by_test_id("appointment")
    await expect(card).to_contain_text("Wpisz kod z SMS-a")
    await expect(page.get_by_label("Kod z SMS-a")).to_be_focused()
    assert (await backend.wait_for("booking.create"))["data"]["contact"] == "512 345-678"


async def test_number_is_not_accepted_without_text_messages(
    page: Page, site: str, backend: ScriptedBackend, business: BookingScript, open_chat: OpenChat
) -> None:
    """If the server does not allow numbers, the field asks for an e-mail address."""
    await page.goto(site)
    await open_chat(page)
    await page.get_by_test_id("book").click()
    await page.get_by_test_id("booking-service").select_option("consultation")
    await page.get_by_test_id("time").first.click()
    contact = page.get_by_label("E-mail", exact=True)
    await expect(contact).to_have_attribute("inputmode", "email")
    await expect(contact).to_have_attribute("autocomplete", "email")
    await contact.fill("512345678")
    await page.get_by_test_id("booking-submit").click()
    await expect(page.get_by_test_id("contact-problem")).to_contain_text("adres e-mail")
    assert backend.frames("booking.create") == []
