"""The menu of the chat widget: a conversation that is ended and forgotten in all tabs, or sent by e-mail."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from axe import find_violations
from playwright.async_api import BrowserContext, Locator, Page, expect
from scripted_backend import Connection, ScriptedBackend
from widget_steps import answer_with, messages, say

from shared.messages import server

pytestmark = pytest.mark.browser
OpenChat = Callable[[Page], Awaitable[Locator]]
READ_STORAGE = """() => Object.fromEntries([localStorage, sessionStorage].flatMap((area) => Object.entries(area))
    .filter(([key]) => key.startsWith("stride-chat/studio-lumen/"))
    .map(([key, text]) => [key.split("/").at(-1), text]))"""


async def end(connection: Connection, frame: dict[str, Any]) -> None:
    """End a session as the backend does: its frames are gone, all connections hear it and are closed."""
    await connection.send(server.Ack(re=frame["id"]))
    session = connection.session
    session.frames.clear()
    await session.post(server.SessionEnded(re=frame["id"], seq=9))
    for one in list(session.connections):
        await one.socket.close()


async def open_menu(page: Page, item: str) -> None:
    """Open the menu and press one of its buttons."""
    await page.get_by_test_id("menu-button").click()
    await page.get_by_test_id(item).click()


async def test_ended_conversation_is_forgotten_in_all_tabs(
    context: BrowserContext, page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat
) -> None:
    """After one question: no message, no token and no draft is left, and both tabs begin another conversation."""
    backend.on["chat.send"] = answer_with("Zabieg kosztuje 180 zł.")
    backend.on["session.end"] = end
    await page.goto(site)
    await open_chat(page)
    await say(page, "Ile kosztuje zabieg?")
    await expect(messages(page, "answer")).to_have_count(1)
    other = await context.new_page()
    await other.goto(site)
    await open_chat(other)
    await expect(messages(other, "answer")).to_have_count(1)
    await other.get_by_test_id("composer-input").fill("Mam na imię Jan")

    await page.bring_to_front()
    await open_menu(page, "end-session")
    assert backend.frames("session.end") == []
    await expect(page.get_by_text("Potwierdzone wizyty pozostaną")).to_be_visible()
    await page.get_by_test_id("end-yes").click()
    for tab in (page, other):
        await expect(messages(tab, "said")).to_have_count(0)
        await expect(messages(tab, "answer")).to_have_count(0)
    await expect(page.get_by_test_id("session-ended")).to_have_text("Rozmowa została zakończona i usunięta.")
    await expect(other.get_by_test_id("composer-input")).to_have_value("")
    await backend.until(lambda: len(backend.sessions) >= 2)
    assert "session" not in backend.attempts[-1]
    await expect(page.get_by_test_id("connection-status")).to_have_attribute("data-state", "open")
    for tab in (page, other):
        kept = await tab.evaluate(READ_STORAGE)
        assert (kept.get("message"), kept.get("last_seq", "0")) == (None, "0")
    token = await page.evaluate("() => localStorage.getItem('stride-chat/studio-lumen/session')")
    assert token != "token-1"
    assert await find_violations(page) == []


async def test_tab_without_connection_forgets_too(
    context: BrowserContext, page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat
) -> None:
    """It hears of the end through the browser's storage."""
    backend.on["chat.send"] = answer_with("Zabieg kosztuje 180 zł.")
    backend.on["session.end"] = end
    await page.goto(site)
    await open_chat(page)
    await say(page, "Ile kosztuje zabieg?")
    other = await context.new_page()
    await other.goto(site)
    await open_chat(other)
    await expect(messages(other, "answer")).to_have_count(1)
    backend.refuses = lambda query: query.get("session") == "token-1"
    await backend.connections[-1].socket.close()
    await expect(other.get_by_test_id("connection-status")).not_to_have_attribute("data-state", "open")

    await open_menu(page, "end-session")
    await page.get_by_test_id("end-yes").click()
    await expect(messages(other, "answer")).to_have_count(0)


async def test_menu_by_keyboard(page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat) -> None:
    """Escape closes what is innermost: the question, the menu, the window; axe finds nothing in any of them."""
    await page.goto(site)
    panel = await open_chat(page)
    await backend.wait_for("hello")
    button, menu = page.get_by_test_id("menu-button"), page.get_by_test_id("menu")
    await button.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("send-transcript")).to_be_focused()
    await expect(button).to_have_attribute("aria-expanded", "true")
    assert await find_violations(page) == []
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("end-no")).to_be_focused()
    assert await find_violations(page) == []
    for name in ("end-no", "end-yes", "menu-button"):
        box = await page.get_by_test_id(name).bounding_box()
        assert box
        assert min(box["width"], box["height"]) >= 44, (name, box)
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("send-transcript")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(menu).to_be_hidden()
    await expect(button).to_be_focused()
    await expect(panel).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(panel).to_be_hidden()
    assert backend.frames("session.end") == []


async def test_end_without_connection_is_sent_later(
    context: BrowserContext, page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat
) -> None:
    """The menu says so; when the network is back, the conversation is ended by itself."""
    backend.on["chat.send"] = answer_with("Zabieg kosztuje 180 zł.")
    backend.on["session.end"] = end
    await page.goto(site)
    await open_chat(page)
    await say(page, "Ile kosztuje zabieg?")
    await expect(messages(page, "answer")).to_have_count(1)
    await page.get_by_test_id("menu-button").click()
    await expect(page.get_by_test_id("end-session")).to_be_visible()
    backend.refuses = lambda _query: True
    await context.set_offline(True)
    await page.get_by_test_id("end-session").click()
    await page.get_by_test_id("end-yes").click()
    await expect(page.get_by_test_id("session-ending")).to_contain_text("Potrzebne jest do tego połączenie")
    backend.refuses = lambda _query: False
    await context.set_offline(False)
    await backend.wait_for("session.end")
    await expect(messages(page, "answer")).to_have_count(0)


async def test_conversation_by_email(page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat) -> None:
    """The request has no address: the backend knows the one that was confirmed; its answer is in the conversation."""

    async def send_it(connection: Connection, frame: dict[str, Any]) -> None:
        await connection.send(server.Ack(re=frame["id"]))
        data = server.ChatFinalData(text="Wysyłamy tę rozmowę na adres a…@e….com.", announces="transcript_sent")
        await connection.session.store(server.ChatFinal(re=frame["id"], data=data))

    backend.on["transcript.request"] = send_it
    await page.goto(site)
    await open_chat(page)
    await open_menu(page, "send-transcript")
    assert (await backend.wait_for("transcript.request"))["data"] == {}
    await expect(page.get_by_text("Wysyłamy tę rozmowę na adres a…@e….com.")).to_be_visible()
    await expect(page.get_by_test_id("menu")).to_be_hidden()
