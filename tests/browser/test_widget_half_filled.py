"""The chat widget in a real browser, against a scripted backend: a form that is not sent yet is not lost."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import pytest
from booking_script import SERVICES, BookingScript, slot
from playwright.async_api import Locator, Page, expect
from scripted_backend import Connection, ScriptedBackend
from widget_steps import confirm

from shared.messages import server

pytestmark = pytest.mark.browser
OpenChat = Callable[[Page], Awaitable[Locator]]

QUESTIONS = (server.Question(id="people", kind="number", label="Ile osób?", required=True, minimum=1, maximum=6),)
FILLED = {
    "booking-service": "consultation",
    "answer-people": "3",
    "booking-name": "Anna Nowak",
    "booking-contact": "anna@example.com",
    "booking-note": "Dzwonić domofonem <7>.",
}


@pytest.fixture
def business(backend: ScriptedBackend) -> BookingScript:
    """Script a business that asks those who book its first service."""
    script = BookingScript(backend)
    script.services = (SERVICES[0].model_copy(update={"questions": QUESTIONS}), SERVICES[1])
    return script


async def fill_form(page: Page, site: str, open_chat: OpenChat) -> None:
    """Fill in all of the form but do not send it."""
    await page.goto(site)
    await open_chat(page)
    await page.get_by_test_id("book").click()
    await page.get_by_test_id("booking-service").select_option("consultation")
    await page.get_by_test_id("day").nth(2).click()
    await page.get_by_test_id("time").nth(1).click()
    for name, text in FILLED.items():
        if name != "booking-service":
            await page.get_by_test_id(name).fill(text)


async def expect_filled(page: Page) -> None:
    """Check that the form has everything that `fill_form` filled in."""
    for name, text in FILLED.items():
        await expect(page.get_by_test_id(name)).to_have_value(text)
    await expect(page.locator('stride-chat [data-testid="time"][aria-checked="true"]')).to_have_text("11:00")


async def test_a_reload_keeps_the_form(
    page: Page, site: str, backend: ScriptedBackend, business: BookingScript, open_chat: OpenChat
) -> None:
    """It is open again, with all that was filled in, and can be sent; then nothing of it is kept."""
    await fill_form(page, site, open_chat)
    await page.reload()
    await expect_filled(page)
    await page.get_by_test_id("booking-submit").click()
    created = await backend.wait_for("booking.create")
    assert datetime.fromisoformat(created["data"]["start"]) == slot(4, 11).start
    assert created["data"]["answers"] == {"people": "3"}
    await expect(page.get_by_test_id("appointment")).to_have_attribute("data-stage", "pending")
    kept = await page.evaluate("Object.entries(sessionStorage).flat().join()")
    assert "Anna" not in kept
    await page.reload()
    await expect(page.get_by_test_id("appointment")).to_be_visible()
    await expect(page.get_by_test_id("booking-form")).to_be_hidden()


async def test_the_way_back_keeps_the_form(page: Page, site: str, business: BookingScript, open_chat: OpenChat) -> None:
    """Of the browser, from another page; and of the form, to the conversation."""
    await fill_form(page, site, open_chat)
    await page.goto(f"{site}/page.js")
    await page.go_back()
    await expect_filled(page)
    await page.get_by_test_id("booking-back").click()
    await page.get_by_test_id("book").click()
    await expect_filled(page)
    await page.keyboard.press("Escape")
    await page.reload()
    await expect(page.get_by_test_id("panel")).to_be_visible()
    await expect(page.get_by_test_id("booking-form")).to_be_hidden()
    await page.get_by_test_id("book").click()
    await expect_filled(page)


async def test_another_language_keeps_the_form(
    page: Page, site: str, business: BookingScript, open_chat: OpenChat
) -> None:
    """In the new language."""
    await fill_form(page, site, open_chat)
    await page.locator("stride-chat").evaluate("chat => chat.setAttribute('locale', 'en')")
    await expect(page.get_by_label("Note (optional)")).to_be_visible()
    await expect_filled(page)


async def test_an_offer_of_another_service_keeps_only_who_it_is_for(
    page: Page, site: str, business: BookingScript, open_chat: OpenChat
) -> None:
    """The assistant's offer decides about service and day."""
    await fill_form(page, site, open_chat)
    await page.get_by_test_id("booking-back").click()
    await page.locator("stride-chat").evaluate("chat => chat.book({ service: 'therapy' })")
    await expect(page.get_by_test_id("booking-service")).to_have_value("therapy")
    await expect(page.get_by_test_id("booking-contact")).to_have_value("anna@example.com")
    await expect(page.get_by_test_id("time").first).to_be_visible()
    await expect(page.locator('stride-chat [data-testid="time"][aria-checked="true"]')).to_have_count(0)


async def test_a_request_under_way_is_awaited_after_a_reload(
    page: Page, site: str, backend: ScriptedBackend, business: BookingScript, open_chat: OpenChat
) -> None:
    """It is not sent twice, and its refusal is displayed in the form."""
    create = backend.on["booking.create"]
    business.occupied.add(slot(4, 11).start)

    async def accept_only(connection: Connection, frame: dict[str, Any]) -> None:
        await connection.send(server.Ack(re=frame["id"]))

    backend.on["booking.create"] = accept_only
    await fill_form(page, site, open_chat)
    await page.get_by_test_id("booking-submit").click()
    sent = await backend.wait_for("booking.create")
    for _ in range(2):
        await page.reload()
        await expect(page.get_by_test_id("booking-submit")).to_be_disabled()
    await expect(page.get_by_test_id("connection-status")).to_have_attribute("data-state", "open")
    await create(backend.connections[-1], sent)
    await expect(page.get_by_test_id("booking-error")).to_have_text("Ten termin jest już zajęty.")
    await expect(page.get_by_test_id("booking-contact")).to_have_value("anna@example.com")
    assert len({frame["id"] for frame in backend.frames("booking.create")}) == 1


async def test_a_visit_that_is_being_moved_is_still_after_a_reload(
    page: Page, site: str, backend: ScriptedBackend, business: BookingScript, open_chat: OpenChat
) -> None:
    """With the time that was chosen."""
    business.services = SERVICES
    await confirm(page, site, open_chat)
    await page.get_by_test_id("reschedule").click()
    await page.get_by_test_id("day").nth(1).click()
    await page.get_by_test_id("time").nth(2).click()
    await page.reload()
    await expect(page.get_by_test_id("present-time")).to_contain_text("09:00")
    await expect(page.locator('stride-chat [data-testid="time"][aria-checked="true"]')).to_have_text("14:00")
    await page.get_by_test_id("booking-submit").click()
    moved = await backend.wait_for("booking.reschedule")
    assert datetime.fromisoformat(moved["data"]["start"]) == slot(2, 14).start


@pytest.mark.parametrize(
    "kept", ["{", "null", "7", '{"isOpen": true, "service": "therapy", "start": "x", "answers": 5}', '{"isOpen": true}']
)
async def test_what_is_kept_is_not_trusted(page: Page, site: str, business: BookingScript, kept: str) -> None:
    """A form that can't be read is an empty one."""
    await page.goto(site)
    await page.evaluate("kept => sessionStorage.setItem('stride-chat/studio-lumen/draft/booking', kept)", kept)
    await page.get_by_test_id("launcher").click()
    await expect(page.get_by_test_id("panel")).to_be_visible()
    if "isOpen" not in kept:
        await page.get_by_test_id("book").click()
    await page.get_by_test_id("booking-service").select_option("therapy")
    await expect(page.get_by_test_id("time").first).to_be_visible()


async def test_escape_closes_the_innermost_question(
    page: Page, site: str, backend: ScriptedBackend, business: BookingScript, open_chat: OpenChat
) -> None:
    """First the question, wherever the focus is, then the window."""
    business.services = SERVICES
    await confirm(page, site, open_chat)
    for focus in ("cancel-yes", "composer-input"):
        await page.get_by_test_id("cancel-appointment").click()
        await page.get_by_test_id(focus).focus()
        await page.keyboard.press("Escape")
        await expect(page.get_by_test_id("cancel-yes")).to_be_hidden()
        await expect(page.get_by_test_id("cancel-appointment")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("panel")).to_be_hidden()
    assert backend.frames("booking.cancel") == []
