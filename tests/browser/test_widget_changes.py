"""The chat widget in a real browser, against a scripted backend: appointments that change."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import pytest
from booking_script import APPOINTMENT, BookingScript, refuse, slot
from playwright.async_api import Locator, Page, expect
from scripted_backend import Connection, ScriptedBackend
from widget_steps import confirm, save_calendar_file

from shared.messages import server
from shared.messages.errors import ErrorCode

pytestmark = pytest.mark.browser
OpenChat = Callable[[Page], Awaitable[Locator]]


@pytest.fixture
def business(backend: ScriptedBackend) -> BookingScript:
    """Script the business that answers the bookings."""
    return BookingScript(backend)


async def test_business_cancels(
    page: Page, site: str, backend: ScriptedBackend, business: BookingScript, open_chat: OpenChat
) -> None:
    """A cancellation by the business is displayed as a message, with a button for another time."""
    card = await confirm(page, site, open_chat)
    await business.cancel_by_business(backend.connections[0])
    await expect(card).to_have_attribute("data-stage", "cancelled")
    await expect(card).to_have_attribute("data-by", "business")
    note = page.get_by_test_id("card-note")
    await expect(note).to_have_text("Studio Lumen: Przepraszamy, musieliśmy odwołać tę wizytę.")
    await page.reload()
    await expect(note).to_contain_text("Przepraszamy")
    again = page.get_by_test_id("book-again")
    await expect(again).to_have_text("Wybierz inny termin")
    await again.click()
    await expect(page.get_by_test_id("booking-service")).to_have_value("consultation")
    await expect(page.get_by_test_id("time").first).to_be_visible()


async def test_business_moves(
    page: Page, site: str, backend: ScriptedBackend, business: BookingScript, open_chat: OpenChat
) -> None:
    """A move by the business is displayed with the new time, the old one and the new calendar file."""
    card = await confirm(page, site, open_chat)
    await business.move_by_business(backend.connections[0], slot(3, 14))
    await expect(card).to_contain_text("14:00–15:00")
    note = page.get_by_test_id("card-note")
    await expect(note).to_contain_text("Studio Lumen: Musieliśmy przenieść tę wizytę na nowy termin.")
    await expect(note).to_contain_text("09:00")
    await save_calendar_file(page, "download-ics", f"wizyta-{slot(3, 14).start:%Y-%m-%d}.ics")


async def test_business_changes_while_the_visitor_is_away(
    page: Page, site: str, backend: ScriptedBackend, business: BookingScript, open_chat: OpenChat
) -> None:
    """Changes while the visitor is away are counted as new messages, and displayed when the visitor comes back."""
    card = await confirm(page, site, open_chat)
    await page.get_by_test_id("close").click()
    await business.cancel_by_business(backend.connections[0])
    await expect(page.get_by_test_id("unread")).to_have_text("1")
    await open_chat(page)
    await expect(card).to_contain_text("Przepraszamy")


async def test_card_is_looked_up_after_a_resume(
    page: Page, site: str, backend: ScriptedBackend, business: BookingScript, open_chat: OpenChat
) -> None:
    """After a reload the open panel looks the visit up once, and displays the changes."""
    card = await confirm(page, site, open_chat)
    await expect(page.get_by_test_id("card-note")).to_be_hidden()
    business.slot = slot(2, 16)
    business.may_change = False
    await page.reload()
    await expect(card).to_contain_text("16:00–17:00")
    await expect(card).to_contain_text("Poprzedni termin")
    await expect(page.get_by_test_id("reschedule")).to_be_hidden()
    await expect(page.get_by_test_id("download-ics")).to_be_visible()
    assert [frame["data"] for frame in backend.latest_frames("booking.lookup")] == [{"appointment_id": APPOINTMENT}]


async def test_lookup_waits_for_the_panel(
    page: Page, site: str, backend: ScriptedBackend, business: BookingScript, open_chat: OpenChat
) -> None:
    """A page with a closed panel does not look visits up."""
    card = await confirm(page, site, open_chat)
    await page.get_by_test_id("close").click()
    business.state = "cancelled"
    await page.reload()
    await backend.wait_for("hello", 2)
    await page.wait_for_timeout(1_000)
    assert backend.latest_frames("booking.lookup") == []
    await open_chat(page)
    await expect(card).to_have_attribute("data-stage", "cancelled")


async def test_stale_details_do_not_undo_a_change(
    page: Page, site: str, backend: ScriptedBackend, business: BookingScript, open_chat: OpenChat
) -> None:
    """The answer to a lookup from before a change does not restore the earlier time."""
    card = await confirm(page, site, open_chat)
    answer = backend.on["booking.lookup"]
    queries: list[tuple[Connection, dict[str, Any]]] = []

    async def later(connection: Connection, frame: dict[str, Any]) -> None:
        queries.append((connection, frame))

    backend.on["booking.lookup"] = later
    await page.reload()
    await backend.wait_for("hello", 2)
    await backend.until(lambda: bool(backend.latest_frames("booking.lookup")))
    await expect(page.get_by_test_id("reschedule")).to_be_enabled()
    await business.move_by_business(backend.connections[-1], slot(5, 14))
    await expect(card).to_contain_text("14:00–15:00")
    business.slot = slot(1, 9)
    for query in queries:  # the page before the reload may have sent one, too
        await answer(*query)
    data = server.ChatFinalData(text="To wszystko.")
    await backend.connections[-1].session.store(server.ChatFinal(re="later", data=data))
    await expect(page.get_by_test_id("message")).to_contain_text("To wszystko.")
    await expect(card).to_contain_text("14:00–15:00")


async def test_refused_move_offers_other_times_for_the_same_visit(
    page: Page, site: str, backend: ScriptedBackend, business: BookingScript, open_chat: OpenChat
) -> None:
    """If the new time is occupied, too, alternatives are offered and the visit is unchanged."""
    card = await confirm(page, site, open_chat)
    answer = backend.on["booking.reschedule"]

    async def refuse_time(connection: Connection, frame: dict[str, Any]) -> None:
        backend.on["booking.reschedule"] = answer
        await refuse(
            connection,
            frame,
            ErrorCode.INVALID_TIME,
            "Tego terminu nie ma.",
            alternatives=(slot(4, 9),),
            appointment_id=APPOINTMENT,
        )

    backend.on["booking.reschedule"] = refuse_time
    await page.get_by_test_id("reschedule").click()
    await page.get_by_test_id("time").nth(2).click()
    await page.get_by_test_id("booking-submit").click()
    await expect(page.get_by_test_id("booking-error")).to_have_text("Tego terminu nie ma.")
    await expect(page.get_by_test_id("booking-alternative")).to_have_count(1)
    await page.get_by_test_id("booking-back").click()
    await expect(card).to_have_attribute("data-stage", "confirmed")
    await page.get_by_test_id("alternative").click()
    await expect(card).to_contain_text("Termin zmieniony")
    moved = await backend.wait_for("booking.reschedule", 2)
    assert datetime.fromisoformat(moved["data"]["start"]) == slot(4, 9).start


async def test_refused_move_is_not_displayed_after_a_reload(
    page: Page, site: str, backend: ScriptedBackend, business: BookingScript, open_chat: OpenChat
) -> None:
    """A refused move is not part of the displayed history."""
    card = await confirm(page, site, open_chat)
    frame = {"id": "earlier", "type": "booking.reschedule"}
    await refuse(
        backend.connections[0],
        frame,
        ErrorCode.SLOT_TAKEN,
        "Zajęte.",
        alternatives=(slot(4, 9),),
        appointment_id=APPOINTMENT,
    )
    await page.reload()
    await expect(card).to_have_attribute("data-stage", "confirmed")
    await expect(page.get_by_test_id("card-problem")).to_be_hidden()
    await expect(page.get_by_test_id("notice")).to_have_count(0)
