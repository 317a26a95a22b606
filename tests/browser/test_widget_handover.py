"""A visitor asks for a person, and sees who answers, that they write, and what they have read."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from axe import find_violations
from booking_script import SERVICES
from playwright.async_api import Locator, Page, expect
from scripted_backend import Connection, ScriptedBackend
from widget_steps import OpenChat, accept, answer_with, messages, say

from shared.messages import server
from shared.messages.errors import ErrorCode

pytestmark = pytest.mark.browser

SHOTS = os.environ.get("SCREENSHOTS")
CLOSED_UNTIL = (datetime.now(UTC) + timedelta(days=3)).replace(hour=8, minute=0, second=0, microsecond=0)


@pytest.fixture
def business(backend: ScriptedBackend) -> dict[str, Any]:
    """Answer times and requests; `opens_at` says when a closed business opens, `refuses` whether contacts are."""
    script: dict[str, Any] = {"opens_at": None, "refuses": False}

    async def list_slots(connection: Connection, frame: dict[str, Any]) -> None:
        data = server.BookingSlotsData(
            slots=(), services=SERVICES, time_zone="Europe/Warsaw", opens_at=script["opens_at"]
        )
        await connection.send(server.BookingSlots(re=frame["id"], data=data))

    async def answer_request(connection: Connection, frame: dict[str, Any]) -> None:
        await connection.send(server.Ack(re=frame["id"]))
        if script["refuses"]:
            refusal = server.ErrorData(code=ErrorCode.INVALID_CONTACT, retryable=False, message="Sprawdź kontakt.")
            await connection.session.store(server.Error(re=frame["id"], data=refusal))
            return
        announces = "handover_closed" if script["opens_at"] else "handover_requested"
        data = server.ChatFinalData(text="Nasz zespół wie.", announces=announces)
        await connection.session.store(server.ChatFinal(re=frame["id"], data=data))

    backend.on["booking.slots"] = list_slots
    backend.on["handover.request"] = answer_request
    return script


async def shoot(page: Page, name: str) -> None:
    if SHOTS:
        await page.screenshot(path=Path(SHOTS) / f"{name}.png")


def announcements(page: Page) -> Locator:
    return page.get_by_test_id("announcement")


async def staff(backend: ScriptedBackend, text: str, **data: Any) -> None:
    """Store what a person of the business has written, or an announcement of what they did."""
    final = server.ChatFinalData(text=text, by="human", **data)
    await backend.connections[-1].session.store(server.ChatFinal(data=final))


async def test_a_visitor_asks_for_a_person(
    page: Page, site: str, backend: ScriptedBackend, business: dict[str, Any], open_chat: OpenChat
) -> None:
    """The note and the contact are in the request; the notice that answers it is no bubble."""
    del business
    await page.goto(site)
    await open_chat(page)
    await page.get_by_test_id("person").click()
    await expect(page.get_by_test_id("person-note")).to_be_focused()
    assert await find_violations(page) == []
    await shoot(page, "person-form")
    await page.get_by_test_id("person-note").fill("Moja paczka nie dotarła.")
    await page.get_by_test_id("person-contact").fill("anna@example.com")
    await page.get_by_test_id("person-submit").click()
    request = await backend.wait_for("handover.request")
    assert request["data"] == {"note": "Moja paczka nie dotarła.", "contact": "anna@example.com"}
    await expect(page.get_by_test_id("person-form")).to_be_hidden()
    await expect(page.get_by_test_id("composer-input")).to_be_focused()
    await expect(announcements(page)).to_have_text("Nasz zespół wie.")
    await expect(messages(page, "answer")).to_have_count(0)
    assert await find_violations(page) == []
    await shoot(page, "person-requested")


async def test_the_form_says_when_the_business_opens(
    page: Page, site: str, business: dict[str, Any], open_chat: OpenChat
) -> None:
    """The form names the day and the time before the visitor writes."""
    business["opens_at"] = CLOSED_UNTIL
    await page.goto(site)
    await open_chat(page)
    await page.get_by_test_id("person").click()
    opening = CLOSED_UNTIL.astimezone(ZoneInfo("Europe/Warsaw"))
    await expect(page.get_by_test_id("person-hours")).to_contain_text("Wracamy:")
    await expect(page.get_by_test_id("person-hours")).to_contain_text(f"{opening:%H:%M}")
    await shoot(page, "person-closed")
    await page.get_by_test_id("person-submit").click()
    await expect(announcements(page)).to_have_attribute("data-announces", "handover_closed")


async def test_a_contact_that_is_refused_is_named(
    page: Page, site: str, business: dict[str, Any], open_chat: OpenChat
) -> None:
    """The form stays open with what was written, and the field has the focus."""
    business["refuses"] = True
    await page.goto(site)
    await open_chat(page)
    await page.get_by_test_id("person").click()
    await page.get_by_test_id("person-note").fill("Proszę o telefon.")
    await page.get_by_test_id("person-contact").fill("nigdzie")
    await page.get_by_test_id("person-submit").click()
    await expect(page.get_by_test_id("person-problem")).to_have_text("Sprawdź kontakt.")
    await expect(page.get_by_test_id("person-contact")).to_be_focused()
    assert await find_violations(page) == []
    business["refuses"] = False
    await page.get_by_test_id("person-contact").fill("anna@example.com")
    await expect(page.get_by_test_id("person-problem")).to_be_hidden()
    await page.get_by_test_id("person-submit").click()
    await expect(page.get_by_test_id("person-form")).to_be_hidden()


async def test_escape_closes_the_form_first(
    page: Page, site: str, business: dict[str, Any], open_chat: OpenChat
) -> None:
    """The second Escape closes the window; what was typed is there when the form opens again, also after a reload."""
    del business
    await page.goto(site)
    await open_chat(page)
    await page.get_by_test_id("person").click()
    await page.get_by_test_id("person-note").fill("Jeszcze nie skończyłam")
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("person-form")).to_be_hidden()
    await expect(page.get_by_test_id("panel")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("panel")).to_be_hidden()
    await page.reload()
    await open_chat(page)
    await page.get_by_test_id("person").click()
    await expect(page.get_by_test_id("person-note")).to_have_value("Jeszcze nie skończyłam")


async def test_an_offer_of_the_assistant_is_a_button(
    page: Page, site: str, backend: ScriptedBackend, business: dict[str, Any], open_chat: OpenChat
) -> None:
    """Whoever asks in words gets the same form."""
    del business

    async def offer(connection: Connection, frame: dict[str, Any]) -> None:
        await accept(connection, frame)
        data = server.ChatFinalData(text="Możesz porozmawiać z zespołem.", actions=(server.OfferHandover(),))
        await connection.session.store(server.ChatFinal(re=frame["id"], data=data))

    backend.on["chat.send"] = offer
    await page.goto(site)
    await open_chat(page)
    await say(page, "Chcę rozmawiać z człowiekiem")
    await page.get_by_test_id("offer-person").click()
    await expect(page.get_by_test_id("person-form")).to_be_visible()


async def test_the_visitor_sees_who_answers(
    page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat
) -> None:
    """The header names the person, their typing ends by itself, and what they have read is marked once."""
    backend.on["chat.send"] = answer_with("Chwileczkę.")
    await page.goto(site)
    await open_chat(page)
    hello = await backend.wait_for("hello")
    assert "presence" in hello["data"]["capabilities"]
    await say(page, "Dzień dobry")
    await say(page, "Jest tam kto?")
    await expect(messages(page, "said").last).to_have_attribute("data-state", "sent")
    await staff(backend, "Jest z Tobą człowiek.", announces="took_over", author="<b>Ola</b> Nowak")
    header = page.get_by_test_id("connection-status")
    await expect(header).to_have_text("Odpowiada <b>Ola</b> Nowak")
    await expect(page.get_by_test_id("person")).to_be_hidden()
    session = backend.connections[-1].session
    await session.post(server.Presence(data=server.PresenceData(typing=True, read_seq=2)))
    await expect(page.get_by_test_id("typing")).to_contain_text("<b>Ola</b> Nowak pisze")
    await expect(page.get_by_test_id("message-status").filter(has_text="Przeczytano", visible=True)).to_have_count(1)
    assert await find_violations(page) == []
    await shoot(page, "person-types")
    await staff(backend, "Tak, **jestem**.", author="<b>Ola</b> Nowak")
    await expect(page.get_by_test_id("typing")).to_be_hidden()
    await expect(messages(page, "answer").last).to_contain_text("<b>Ola</b> Nowak")
    await expect(messages(page, "answer").last.locator("strong")).to_have_text("jestem")
    await staff(backend, "Od teraz odpowiada asystent.", announces="handed_back")
    await expect(header).not_to_contain_text("Ola")
    await expect(page.get_by_test_id("person")).to_be_visible()
    await expect(announcements(page)).to_have_count(2)
    assert await find_violations(page) == []
    await shoot(page, "person-handed-back")


async def test_typing_ends_by_itself(page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat) -> None:
    """The person has closed the page, so nothing says that they stopped."""
    await page.clock.install()
    await page.goto(site)
    await open_chat(page)
    await backend.wait_for("hello")
    await staff(backend, "Jest z Tobą człowiek.", announces="took_over")
    await expect(page.get_by_test_id("connection-status")).to_have_text("Odpowiada człowiek")
    await backend.connections[-1].session.post(server.Presence(data=server.PresenceData(typing=True)))
    await expect(page.get_by_test_id("typing")).to_contain_text("Ktoś pisze")
    await page.clock.run_for(6_500)
    await expect(page.get_by_test_id("typing")).to_be_hidden()
