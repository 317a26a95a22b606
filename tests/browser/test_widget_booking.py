"""The chat widget in a real browser, against a backend that does what each test says: booking."""

import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest
from booking_script import APPOINTMENT, CODE, BookingScript, slot
from playwright.async_api import Browser, Locator, Page, expect
from scripted_backend import ScriptedBackend
from talk import save_calendar_file

from shared.messages import server

pytestmark = pytest.mark.browser
OpenChat = Callable[[Page], Awaitable[Locator]]


@pytest.fixture
def business(backend: ScriptedBackend) -> BookingScript:
    """The business that answers the bookings."""
    return BookingScript(backend)


async def fill_form(page: Page) -> None:
    """Choose the first free time of the first service and say who we are."""
    await page.get_by_test_id("booking-service").select_option("consultation")
    await page.get_by_test_id("time").first.click()
    await page.get_by_test_id("booking-name").fill("Anna Nowak")
    await page.get_by_test_id("booking-contact").fill("anna@example.com")


async def hold(page: Page, site: str, open_chat: OpenChat) -> Locator:
    """Go as far as the card that asks for the code."""
    await page.goto(site)
    await open_chat(page)
    await page.get_by_test_id("book").click()
    await fill_form(page)
    await page.get_by_test_id("booking-submit").click()
    card = page.get_by_test_id("appointment")
    await expect(card).to_have_attribute("data-stage", "pending")
    return card


async def test_booking(
    page: Page, site: str, backend: ScriptedBackend, business: BookingScript, open_chat: OpenChat
) -> None:
    """From the button to the calendar file, and the confirmed visit is still there after a reload."""
    card = await hold(page, site, open_chat)
    created = await backend.wait_for("booking.create")
    assert datetime.fromisoformat(created["data"].pop("start")) == slot(1, 9).start
    assert created["data"] == {"contact": "anna@example.com", "name": "Anna Nowak", "service": "consultation"}
    await expect(page.get_by_test_id("code-input")).to_be_focused()
    await expect(card).to_contain_text("Wpisz kod z e\u2011maila")
    await expect(page.get_by_test_id("countdown")).to_have_text(re.compile(r"jeszcze 1[45]:\d\d\smin$"))
    await expect(page.get_by_test_id("code-sent")).to_contain_text("a***@e***.com")
    await page.reload()
    await expect(card).to_have_attribute("data-stage", "pending")

    await page.get_by_test_id("code-input").fill("000000")
    await expect(page.get_by_test_id("card-problem")).to_have_text("Ten kod jest nieprawidłowy.")
    await page.get_by_test_id("code-resend").click()
    await expect(page.get_by_test_id("code-sent")).to_contain_text("Wysyłamy nowy kod")
    await expect(page.get_by_test_id("card-problem")).to_be_hidden()
    await page.get_by_test_id("code-input").fill(f"{CODE[:3]} {CODE[3:]}")
    await expect(card).to_have_attribute("data-stage", "confirmed")
    await page.reload()
    await expect(card).to_have_attribute("data-stage", "confirmed")
    await expect(card).to_contain_text("Konsultacja fizjoterapeutyczna")
    await expect(card).to_contain_text("09:00–10:00")

    await save_calendar_file(page, "download-ics", f"wizyta-{slot(1, 9).start:%Y-%m-%d}.ics")


async def test_taken_time_offers_others(
    page: Page, site: str, backend: ScriptedBackend, business: BookingScript, open_chat: OpenChat
) -> None:
    """A time that somebody else took is said, and another one is a single click away."""
    business.taken.add(slot(1, 9).start)
    await page.goto(site)
    await open_chat(page)
    await page.get_by_test_id("book").click()
    await fill_form(page)
    await page.get_by_test_id("booking-submit").click()
    await expect(page.get_by_test_id("booking-error")).to_have_text("Ten termin jest już zajęty.")
    await page.get_by_test_id("booking-alternative").first.click()
    await expect(page.get_by_test_id("appointment")).to_contain_text("11:00–12:00")
    again = await backend.wait_for("booking.create", 2)
    assert again["data"]["contact"] == "anna@example.com"
    await expect(page.get_by_test_id("notice")).to_have_count(0)


async def test_form_says_what_is_missing(
    page: Page, site: str, backend: ScriptedBackend, business: BookingScript, open_chat: OpenChat
) -> None:
    """Nothing is sent before service, time and a plausible address are there; Escape leads back to the talk."""
    await page.goto(site)
    await open_chat(page)
    await page.get_by_test_id("book").click()
    error, submit = page.get_by_test_id("booking-error"), page.get_by_test_id("booking-submit")
    await submit.click()
    await expect(error).to_have_text("Wybierz usługę.")
    await page.get_by_test_id("booking-service").select_option("therapy")
    await expect(page.get_by_test_id("time").first).to_be_visible()
    await submit.click()
    await expect(error).to_have_text("Wybierz dzień i godzinę.")
    await page.get_by_test_id("day").nth(1).click()
    await page.get_by_test_id("time").nth(2).click()
    await page.get_by_test_id("booking-contact").fill("anna@")
    await submit.click()
    await expect(error).to_contain_text("Podaj adres e-mail")
    await expect(page.get_by_test_id("booking-contact")).to_be_focused()
    assert backend.frames("booking.create") == []
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("booking-form")).to_be_hidden()
    await expect(page.get_by_test_id("composer-input")).to_be_focused()


@pytest.mark.parametrize("refused", ["anna@", BookingScript.REFUSED_CONTACT], ids=["by the form", "by the server"])
async def test_refused_contact_stays_in_view(
    page: Page, site: str, business: BookingScript, open_chat: OpenChat, refused: str
) -> None:
    """A refused contact stays in view when the sentence that says why takes room, whoever refuses it."""
    await page.set_viewport_size({"width": 1280, "height": 600})
    await page.goto(site)
    await open_chat(page)
    await page.get_by_test_id("book").click()
    await fill_form(page)
    contact = page.get_by_test_id("booking-contact")
    await contact.fill(refused)
    await contact.evaluate("field => field.scrollIntoView({ block: 'end' })")
    await contact.press("Enter")
    await expect(page.get_by_test_id("booking-error")).to_contain_text("Podaj adres e-mail")
    await expect(contact).to_be_focused()
    await expect(contact).to_have_attribute("aria-invalid", "true")
    assert await is_in_view(contact)


async def is_in_view(field: Locator) -> bool:
    """Whether all of a field lies in the part of the sheet that is not scrolled away."""
    inside = """field => {
        const [shown, seen] = [field, field.closest(".sheet-body")].map((each) => each.getBoundingClientRect());
        return shown.top >= seen.top && shown.bottom <= seen.bottom && shown.height > 0;
    }"""
    return bool(await field.evaluate(inside))


async def test_offer_opens_the_form(
    page: Page, site: str, backend: ScriptedBackend, business: BookingScript, open_chat: OpenChat
) -> None:
    """The assistant's offer opens the form with its service and date chosen."""
    await page.goto(site)
    await open_chat(page)
    await backend.wait_for("hello")
    day = f"{slot(4, 9).start:%Y-%m-%d}"
    offer = server.OfferBooking(service="therapy", date=day)
    data = server.ChatFinalData(text="Proszę bardzo.", actions=(offer,))
    await backend.connections[0].session.store(server.ChatFinal(re="a", data=data))
    await page.get_by_test_id("offer-booking").click()
    await expect(page.get_by_test_id("booking-service")).to_have_value("therapy")
    await expect(page.locator(f'stride-chat [data-value="{day}"]')).to_have_attribute("aria-pressed", "true")


async def test_cancel_and_move(
    page: Page, site: str, backend: ScriptedBackend, business: BookingScript, open_chat: OpenChat
) -> None:
    """A confirmed visit can be moved, and cancelled after a second question."""
    card = await hold(page, site, open_chat)
    await page.get_by_test_id("code-input").fill(CODE)
    await page.get_by_test_id("reschedule").click()
    await page.get_by_test_id("time").nth(3).click()
    await page.get_by_test_id("booking-submit").click()
    await expect(card).to_contain_text("16:00–17:00")
    moved = await backend.wait_for("booking.reschedule")
    assert moved["data"]["appointment_id"] == APPOINTMENT

    await page.get_by_test_id("cancel-appointment").click()
    await page.get_by_test_id("cancel-no").click()
    assert backend.frames("booking.cancel") == []
    await page.get_by_test_id("cancel-appointment").click()
    await page.get_by_test_id("cancel-yes").click()
    await expect(card).to_have_attribute("data-stage", "cancelled")


async def test_hold_runs_out(
    page: Page, site: str, backend: ScriptedBackend, business: BookingScript, open_chat: OpenChat
) -> None:
    """When the hold has run out the card says so and offers another try."""
    business.held_for = timedelta(seconds=1)
    await hold(page, site, open_chat)
    await expect(page.get_by_test_id("countdown")).to_have_text("Czas na potwierdzenie minął.")
    await expect(page.get_by_test_id("book-again")).to_be_visible()


async def test_visitor_in_another_zone(
    chromium: Browser, site: str, backend: ScriptedBackend, business: BookingScript, open_chat: OpenChat
) -> None:
    """Times are the business's, and a visitor whose clock differs is told so."""
    context = await chromium.new_context(timezone_id="America/New_York", reduced_motion="reduce")
    page = await context.new_page()
    await page.goto(site)
    await open_chat(page)
    await page.get_by_test_id("book").click()
    await page.get_by_test_id("booking-service").select_option("consultation")
    await expect(page.get_by_test_id("time").first).to_have_text("09:00")
    await expect(page.get_by_test_id("zone-note")).to_contain_text("Europe/Warsaw")
    await context.close()
