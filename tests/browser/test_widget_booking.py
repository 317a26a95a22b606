"""The chat widget in a real browser, against a scripted backend: booking."""

import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest
from booking_script import APPOINTMENT, CODE, BookingScript, slot
from playwright.async_api import Browser, Locator, Page, expect
from scripted_backend import ScriptedBackend
from widget_steps import save_calendar_file

from shared.messages import server

pytestmark = pytest.mark.browser
OpenChat = Callable[[Page], Awaitable[Locator]]


@pytest.fixture
def business(backend: ScriptedBackend) -> BookingScript:
    """Script the business that answers the bookings."""
    return BookingScript(backend)


async def fill_form(page: Page) -> None:
    """Choose the first free time of the first service, and enter a name and a contact."""
    await page.get_by_test_id("booking-service").select_option("consultation")
    await page.get_by_test_id("time").first.click()
    await page.get_by_test_id("booking-name").fill("Anna Nowak")
    await page.get_by_test_id("booking-contact").fill("anna@example.com")


async def hold(page: Page, site: str, open_chat: OpenChat) -> Locator:
    """Book until the card asks for the code; return the card."""
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
    """From the button to the calendar file; the confirmed visit is still displayed after a reload."""
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

    for no_code in ("12345", "1234567", "123456, 654321"):
        await page.get_by_test_id("code-input").fill(no_code)
        await expect(page.get_by_test_id("code-submit")).to_be_disabled()
    await page.get_by_test_id("code-input").fill("000000")
    await expect(page.get_by_test_id("card-problem")).to_have_text("Ten kod jest nieprawidłowy.")
    await page.get_by_test_id("code-resend").click()
    await expect(page.get_by_test_id("code-sent")).to_contain_text("Wysyłamy nowy kod")
    await expect(page.get_by_test_id("card-problem")).to_be_hidden()
    await page.get_by_test_id("code-input").fill(f"Kod: {CODE[:3]} {CODE[3:]}.")
    await expect(card).to_have_attribute("data-stage", "confirmed")
    await page.reload()
    await expect(card).to_have_attribute("data-stage", "confirmed")
    await expect(card).to_contain_text("Konsultacja fizjoterapeutyczna")
    await expect(card).to_contain_text("09:00–10:00")

    await save_calendar_file(page, "download-ics", f"wizyta-{slot(1, 9).start:%Y-%m-%d}.ics")


async def test_price_and_venue_are_displayed(
    page: Page, site: str, business: BookingScript, open_chat: OpenChat
) -> None:
    """In the form, on the card and after a reload; a cancelled visit shows no place."""
    first, *others = business.services
    business.services = (first.model_copy(update={"price": "od 220 zł <b>"}), *others)
    business.venue = {"address": "Świetlna 14 <i>", "phone": "(12) 000 01 40"}
    card = await hold(page, site, open_chat)
    option = page.get_by_test_id("booking-service").locator("option[value=consultation]")
    await expect(option).to_have_text(re.compile(r"^Konsultacja fizjoterapeutyczna · 60\smin · od 220 zł <b>$"))
    venue = page.get_by_test_id("booking-form").get_by_test_id("venue")
    await expect(venue).to_have_text("Świetlna 14 <i> · (12) 000 01 40")
    await page.get_by_test_id("code-input").fill(CODE)
    await page.reload()
    await expect(card).to_contain_text("Konsultacja fizjoterapeutyczna · od 220 zł <b>")
    await expect(card.get_by_test_id("venue")).to_have_text("Świetlna 14 <i> · (12) 000 01 40")
    await expect(card.get_by_test_id("phone")).to_have_attribute("href", "tel:120000140")
    await page.get_by_test_id("cancel-appointment").click()
    await page.get_by_test_id("cancel-yes").click()
    await expect(card).to_have_attribute("data-stage", "cancelled")
    await expect(card.get_by_test_id("venue")).to_be_hidden()


async def test_occupied_time_offers_alternatives(
    page: Page, site: str, backend: ScriptedBackend, business: BookingScript, open_chat: OpenChat
) -> None:
    """The form reports that a time is occupied, and an alternative can be chosen with a single click."""
    business.occupied.add(slot(1, 9).start)
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


async def test_form_reports_missing_fields(
    page: Page, site: str, backend: ScriptedBackend, business: BookingScript, open_chat: OpenChat
) -> None:
    """Nothing is sent without service, time and a plausible address; Escape leads back to the conversation."""
    await page.goto(site)
    await open_chat(page)
    await page.get_by_test_id("book").click()
    submit, service = page.get_by_test_id("booking-submit"), page.get_by_test_id("booking-service")
    contact, times = page.get_by_test_id("booking-contact"), page.get_by_test_id("times")
    await submit.click()
    await expect(service).to_have_accessible_description("Wybierz usługę.")
    await expect(service).to_be_focused()
    await expect(contact).to_have_accessible_description(re.compile("Podaj adres e-mail"))
    await service.select_option("therapy")
    await expect(service).not_to_have_attribute("aria-invalid", "true")
    await expect(page.get_by_test_id("time").first).to_be_visible()
    await submit.click()
    await expect(times).to_have_accessible_description("Wybierz dzień i godzinę.")
    await expect(times).to_have_attribute("aria-invalid", "true")
    await expect(page.get_by_test_id("time").first).to_be_focused()
    await page.get_by_test_id("day").nth(1).click()
    await page.get_by_test_id("time").nth(2).click()
    await expect(page.get_by_test_id("time-problem")).to_be_hidden()
    await contact.fill("anna@")
    await expect(page.get_by_test_id("contact-problem")).to_be_hidden()
    await submit.click()
    await expect(page.get_by_test_id("contact-problem")).to_contain_text("Podaj adres e-mail")
    await expect(contact).to_be_focused()
    assert backend.frames("booking.create") == []
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("booking-form")).to_be_hidden()
    await expect(page.get_by_test_id("composer-input")).to_be_focused()


@pytest.mark.parametrize("refused", ["anna@", BookingScript.REFUSED_CONTACT], ids=["by the form", "by the server"])
async def test_refused_contact_stays_in_view(
    page: Page, site: str, business: BookingScript, open_chat: OpenChat, refused: str
) -> None:
    """A refused contact stays visible when the error takes space, whether the form or the server refuses it."""
    await page.set_viewport_size({"width": 1280, "height": 600})
    await page.goto(site)
    await open_chat(page)
    await page.get_by_test_id("book").click()
    await fill_form(page)
    contact = page.get_by_test_id("booking-contact")
    await contact.fill(refused)
    await contact.evaluate("field => field.scrollIntoView({ block: 'end' })")
    await contact.press("Enter")
    await expect(page.get_by_test_id("contact-problem")).to_contain_text("Podaj adres e-mail")
    await expect(contact).to_be_focused()
    await expect(contact).to_have_attribute("aria-invalid", "true")
    assert await is_in_view(contact)


async def is_in_view(field: Locator) -> bool:
    """Return whether the whole field is in the visible part of the sheet."""
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
    await expect(page.locator(f'stride-chat [data-value="{day}"]')).to_have_attribute("aria-checked", "true")


async def test_cancel_and_move(
    page: Page, site: str, backend: ScriptedBackend, business: BookingScript, open_chat: OpenChat
) -> None:
    """A confirmed visit can be moved, and cancelled after a confirmation."""
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


async def test_hold_expires(
    page: Page, site: str, backend: ScriptedBackend, business: BookingScript, open_chat: OpenChat
) -> None:
    """When the hold has expired the card says so and offers to book again."""
    business.held_for = timedelta(seconds=1)
    await hold(page, site, open_chat)
    await expect(page.get_by_test_id("countdown")).to_have_text("Czas na potwierdzenie minął.")
    await expect(page.get_by_test_id("book-again")).to_be_visible()


async def test_visitor_in_another_zone(
    chromium: Browser, site: str, backend: ScriptedBackend, business: BookingScript, open_chat: OpenChat
) -> None:
    """Times are in the business's zone, and a visitor in another zone gets a note."""
    context = await chromium.new_context(timezone_id="America/New_York", reduced_motion="reduce")
    page = await context.new_page()
    await page.goto(site)
    await open_chat(page)
    await page.get_by_test_id("book").click()
    await page.get_by_test_id("booking-service").select_option("consultation")
    await expect(page.get_by_test_id("time").first).to_have_text("09:00")
    await expect(page.get_by_test_id("zone-note")).to_contain_text("Europe/Warsaw")
    await context.close()
