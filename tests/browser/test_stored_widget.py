"""A widget uses what the previous release's widget stored in the browser."""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Locator, Page, expect
from scripted_backend import Connection, ScriptedBackend, Session
from widget_steps import messages

from shared.messages import server
from tests.compatibility.fixtures_of_release import fixture

pytestmark = pytest.mark.browser
OpenChat = Callable[[Page], Awaitable[Locator]]
COMMAND_ID = "718c128ba9079716a78addf69a9dbff8"
START = datetime(2027, 1, 13, 9, tzinfo=UTC)


async def restore_storage(page: Page, *areas: str) -> None:
    """Fill these storage areas of the browser with the stored entries when the page is first opened."""
    stored = json.dumps({area: fixture("browser_storage")[area] for area in areas})
    await page.add_init_script(
        f"""if (!localStorage.length) for (const [area, entries] of Object.entries({stored}))
              for (const [key, text] of Object.entries(entries))
                globalThis[area].setItem(key, text.replace("NOW", Date.now()));"""
    )


@pytest.fixture
async def session(backend: ScriptedBackend) -> Session:
    """The conversation of the stored token: two frames that were read, and a visit that was not."""
    session = backend.sessions["token-1"] = Session("token-1")
    await session.store(server.ChatSent(re="c-1", data=server.ChatSentData(text="Pierwsze")))
    await session.store(server.ChatFinal(re="c-1", data=server.ChatFinalData(text="Tak.")))
    visit = server.BookingConfirmedData(
        appointment_id="8k2v0d1mq4c7t5n3b9hr6sgju0ea2f4p",
        start=START,
        end=START + timedelta(hours=1),
        service="massage",
        ics="BEGIN:VCALENDAR",
    )
    await session.store(server.BookingConfirmed(re="v-1", data=visit))
    return session


@pytest.mark.usefixtures("session")
async def test_a_message_without_an_ack_is_sent_again(page: Page, site: str, backend: ScriptedBackend) -> None:
    """It is sent in the conversation of the token, under its former id, and the panel is open as before."""
    await restore_storage(page, "localStorage", "sessionStorage")
    await page.goto(site)
    await expect(page.get_by_test_id("panel")).to_be_visible()
    frame = await backend.wait_for("chat.send")
    assert (frame["id"], frame["data"]) == (COMMAND_ID, {"text": "Drugie"})
    assert backend.attempts[0]["session"] == "token-1"
    await expect(messages(page, "said")).to_have_count(2)
    gone = f"() => !Object.keys(localStorage).includes('stride-chat/studio-lumen/out/{COMMAND_ID}')"
    await page.wait_for_function(gone)


@pytest.mark.usefixtures("session")
async def test_read_frames_and_services_are_restored(
    page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat
) -> None:
    """One frame counts as new; its card has the service's name before the services are requested."""

    async def stay_silent(_connection: Connection, _frame: dict[str, object]) -> None:
        return

    backend.on["booking.slots"] = stay_silent
    await restore_storage(page, "localStorage")
    await page.goto(site)
    await expect(page.get_by_test_id("unread")).to_have_text("1")
    await open_chat(page)
    await expect(page.get_by_test_id("appointment")).to_contain_text("Masaż")
