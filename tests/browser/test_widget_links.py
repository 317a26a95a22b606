"""The chat widget in a real browser, against a scripted backend: links in e-mails."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import pytest
from booking_script import APPOINTMENT, LINKS, BookingScript, slot
from playwright.async_api import Browser, Locator, Page, expect
from scripted_backend import Connection, ScriptedBackend
from widget_steps import save_calendar_file

pytestmark = pytest.mark.browser
CANCEL, MOVE = LINKS["cancel"], LINKS["move"]
OpenChat = Callable[[Page], Awaitable[Locator]]

CHANGES = ("booking.cancel", "booking.reschedule", "booking.create", "chat.send")
STORED = "() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, location.href, document.title])"


@pytest.fixture
def business(backend: ScriptedBackend) -> BookingScript:
    """Script a business whose visitor has a confirmed appointment from another conversation."""
    script = BookingScript(backend)
    script.state = "confirmed"
    script.foreign = True
    return script


def focused(page: Page) -> Locator:
    """Return the element inside the widget that has the focus."""
    return page.locator("stride-chat :focus")


@pytest.mark.parametrize("purpose", ["cancel", "move"])
async def test_opening_a_link_changes_nothing(
    page: Page, site: str, backend: ScriptedBackend, business: BookingScript, purpose: str
) -> None:
    """Opening a link and reloading, as mail scanners do, sends no command; the token is removed from the address."""
    await page.clock.install()
    await page.goto(f"{site}/?lang=pl#stride-{purpose}={LINKS[purpose]}")
    await expect(page.get_by_test_id("visit")).to_contain_text("Konsultacja fizjoterapeutyczna")
    await expect(page).to_have_url(f"{site}/?lang=pl")
    looked_up = await backend.wait_for("booking.lookup")
    assert looked_up["data"] == {"link": LINKS[purpose]}
    assert LINKS[purpose] not in await page.evaluate(STORED)
    await page.clock.fast_forward("03:00:00")
    await page.reload()
    await expect(page.get_by_test_id("visit-sheet")).to_be_hidden()
    assert [frame for kind in CHANGES for frame in backend.frames(kind)] == []


async def test_cancel_by_link(page: Page, site: str, backend: ScriptedBackend, business: BookingScript) -> None:
    """The visit is displayed, two clicks cancel it, and the conversation reports it with a button for another time."""
    await page.goto(f"{site}/#stride-cancel={CANCEL}")
    await expect(focused(page)).to_have_text("Twoja wizyta")
    await expect(page.get_by_test_id("visit")).to_contain_text("09:00–10:00")
    await expect(page.get_by_test_id("visit-zone")).to_be_hidden()
    await page.get_by_test_id("visit-cancel").click()
    await page.get_by_test_id("visit-cancel-no").click()
    await expect(page.get_by_test_id("visit-cancel")).to_be_focused()
    assert backend.frames("booking.cancel") == []
    await page.get_by_test_id("visit-cancel").click()
    await page.get_by_test_id("visit-cancel-yes").click()
    card = page.get_by_test_id("appointment")
    await expect(card).to_have_attribute("data-stage", "cancelled")
    await expect(focused(page)).to_have_text("Wizyta odwołana")
    await expect(page.get_by_test_id("visit-sheet")).to_be_hidden()
    sent = await backend.wait_for("booking.cancel")
    assert sent["data"] == {"link": CANCEL}
    assert CANCEL not in await page.evaluate(STORED)
    await page.get_by_test_id("book-again").click()
    await expect(page.get_by_test_id("booking-service")).to_have_value("consultation")


async def test_move_by_link(page: Page, site: str, backend: ScriptedBackend, business: BookingScript) -> None:
    """A link's visit is moved with the time picker; back leads to the visit, and the file has the new date."""
    await page.goto(f"{site}/#stride-move={MOVE}")
    move, submit = page.get_by_test_id("visit-move"), page.get_by_test_id("booking-submit")
    await move.click()
    await expect(page.get_by_test_id("present-time")).to_contain_text("09:00")
    await page.get_by_test_id("booking-back").click()
    await expect(page.get_by_test_id("visit")).to_be_visible()
    await move.click()
    await page.get_by_test_id("day").nth(1).click()
    await page.get_by_test_id("time").nth(2).click()
    assert backend.frames("booking.reschedule") == []
    await submit.click()
    card = page.get_by_test_id("appointment")
    await expect(card).to_contain_text("14:00–15:00")
    await expect(page.get_by_test_id("visit-sheet")).to_be_hidden()
    sent = await backend.wait_for("booking.reschedule")
    assert datetime.fromisoformat(sent["data"].pop("start")) == slot(2, 14).start
    assert sent["data"] == {"link": MOVE}
    await save_calendar_file(page, "download-ics", f"wizyta-{slot(2, 14).start:%Y-%m-%d}.ics")

    await expect(page.get_by_test_id("cancel-appointment")).to_be_hidden()
    await page.get_by_test_id("reschedule").click()
    await page.get_by_test_id("time").first.click()
    await submit.click()
    await expect(card).to_contain_text("09:00–10:00")
    assert (await backend.wait_for("booking.reschedule", 2))["data"]["link"] == MOVE


async def test_visit_without_its_link_stays_readable(
    page: Page, site: str, backend: ScriptedBackend, business: BookingScript
) -> None:
    """After a reload a visit of another conversation is displayed, without actions that would be refused."""
    await page.goto(f"{site}/#stride-move={MOVE}")
    await page.get_by_test_id("visit-move").click()
    await page.get_by_test_id("time").nth(3).click()
    await page.get_by_test_id("booking-submit").click()
    await expect(page.get_by_test_id("appointment")).to_contain_text("16:00–17:00")
    await page.reload()
    await expect(page.get_by_test_id("download-ics")).to_be_visible()
    await expect(page.get_by_test_id("reschedule")).to_be_hidden()
    await expect(page.get_by_test_id("cancel-appointment")).to_be_hidden()


async def test_keyboard_only(page: Page, site: str, backend: ScriptedBackend, business: BookingScript) -> None:
    """A visit can be cancelled with the keyboard alone; a key held down does not confirm."""
    await page.goto(f"{site}/#stride-cancel={CANCEL}")
    cancel = page.get_by_test_id("visit-cancel")
    await expect(cancel).to_be_visible()
    await expect(page.get_by_test_id("visit").locator("..")).to_have_role("status")
    for _ in range(4):
        if await cancel.evaluate("(button) => button.matches(':focus')"):
            break
        await page.keyboard.press("Tab")
    await expect(cancel).to_be_focused()
    await page.keyboard.down("Enter")
    await page.keyboard.down("Enter")
    await page.keyboard.up("Enter")
    await expect(focused(page)).to_have_text("Na pewno odwołać tę wizytę?")
    assert backend.frames("booking.cancel") == []
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("appointment")).to_have_attribute("data-stage", "cancelled")


async def test_double_click_does_not_cancel(
    page: Page, site: str, backend: ScriptedBackend, business: BookingScript
) -> None:
    """The second click of a double click on a button of the confirmation is ignored."""
    await page.goto(f"{site}/#stride-cancel={CANCEL}")
    await page.get_by_test_id("visit-cancel").dblclick()
    await expect(page.get_by_test_id("visit-cancel-yes")).to_be_enabled()
    assert backend.frames("booking.cancel") == []
    await page.get_by_test_id("visit-cancel-yes").click()
    await backend.wait_for("booking.cancel")


async def test_escape_leads_to_the_conversation(
    page: Page, site: str, backend: ScriptedBackend, business: BookingScript
) -> None:
    """Escape closes the form, then the visit; covered elements are inert, and the focus moves to a visible one."""
    await page.goto(f"{site}/#stride-move={MOVE}")
    conversation, sheet = page.locator("stride-chat .talk"), page.get_by_test_id("visit-sheet")
    await expect(conversation).to_have_js_property("inert", value=True)
    await page.get_by_test_id("visit-move").click()
    await expect(page.get_by_test_id("time").first).to_be_visible()
    await expect(sheet).to_have_js_property("inert", value=True)
    await page.keyboard.press("Escape")
    await expect(sheet).to_have_js_property("inert", value=False)
    await expect(focused(page)).to_have_text("Twoja wizyta")
    await page.keyboard.press("Escape")
    await expect(sheet).to_be_hidden()
    await expect(conversation).to_have_js_property("inert", value=False)
    await expect(page.get_by_test_id("composer-input")).to_be_focused()


async def test_link_whose_visit_disappears_while_it_is_open(
    page: Page, site: str, backend: ScriptedBackend, business: BookingScript
) -> None:
    """A link whose visit is gone between the lookup and the click changes nothing and is reported so."""

    async def gone(connection: Connection, frame: dict[str, Any]) -> None:
        business.state = None
        await backend.on["booking.lookup"](connection, frame)

    backend.on["booking.cancel"] = gone
    await page.goto(f"{site}/#stride-cancel={CANCEL}")
    await page.get_by_test_id("visit-cancel").click()
    await page.get_by_test_id("visit-cancel-yes").click()
    await expect(page.get_by_test_id("visit-state")).to_contain_text("Ten link już nie działa")
    await expect(page.get_by_test_id("visit")).to_be_hidden()


async def test_another_clock(chromium: Browser, site: str, backend: ScriptedBackend, business: BookingScript) -> None:
    """The time is in the business's zone, which is named if the visitor's zone differs, in English."""
    context = await chromium.new_context(timezone_id="America/New_York", reduced_motion="reduce")
    page = await context.new_page()
    await page.goto(f"{site}/?lang=en#stride-cancel={CANCEL}")
    await expect(page.get_by_test_id("visit")).to_contain_text("09:00–10:00")
    await expect(page.get_by_test_id("visit-zone")).to_contain_text("Europe/Warsaw")
    await page.get_by_test_id("visit-cancel").click()
    await page.get_by_test_id("visit-cancel-yes").click()
    card = page.get_by_test_id("appointment")
    await expect(card).to_contain_text("Visit cancelled")
    await expect(card).to_contain_text("09:00")
    await expect(card).to_contain_text("Europe/Warsaw")
    await expect(card).to_contain_text("Konsultacja fizjoterapeutyczna")
    await context.close()


async def test_own_visit_by_link(
    page: Page, site: str, backend: ScriptedBackend, business: BookingScript, open_chat: OpenChat
) -> None:
    """A link to an appointment of this conversation changes its existing card."""
    business.foreign = False
    await page.goto(site)
    await open_chat(page)
    await backend.wait_for("hello")
    await business.move_by_business(backend.connections[0], slot(2, 11))
    await expect(page.get_by_test_id("appointment")).to_have_attribute("data-stage", "confirmed")
    await page.evaluate(f"location.hash = 'stride-cancel={CANCEL}'")
    await page.get_by_test_id("visit-cancel").click()
    await page.get_by_test_id("visit-cancel-yes").click()
    await expect(page.get_by_test_id("appointment")).to_have_attribute("data-stage", "cancelled")
    await expect(page.get_by_test_id("appointment")).to_have_attribute("data-appointment", APPOINTMENT)
