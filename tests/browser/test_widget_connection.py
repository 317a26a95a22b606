"""The chat widget in a real browser, against a scripted backend: staying connected."""

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Locator, Page, expect
from scripted_backend import ScriptedBackend

from shared.messages import server

pytestmark = pytest.mark.browser
OpenChat = Callable[[Page], Awaitable[Locator]]

KEEP_TOKEN = "localStorage.setItem('stride-chat/studio-lumen/session', 'forged')"


async def test_refused_twice(page: Page, site: str, backend: ScriptedBackend) -> None:
    """After two refusals a token is omitted once; the new session's token replaces it."""
    backend.refuses = lambda query: query.get("session") == "forged"
    await page.add_init_script(f"if (!localStorage.length) {KEEP_TOKEN}")
    await page.goto(site)
    await backend.wait_for("hello")
    tokens = [query.get("session") for query in backend.attempts]
    assert tokens == ["forged", "forged", None, "forged"]
    await expect(page.get_by_test_id("connection-status")).to_have_attribute("data-state", "open")
    assert await page.evaluate("localStorage.getItem('stride-chat/studio-lumen/session')") == "token-1"


async def test_network_failures_keep_the_session(page: Page, site: str, backend: ScriptedBackend) -> None:
    """Network failures that look like refusals do not end the conversation."""
    backend.refuses = lambda _query: len(backend.attempts) <= 2
    await page.add_init_script(f"if (!localStorage.length) {KEEP_TOKEN}")
    await page.goto(site)
    await backend.wait_for("hello")
    assert [query.get("session") for query in backend.attempts] == ["forged", "forged", None, "forged"]
    assert backend.connections[-1].query["session"] == "forged"
    assert backend.connections[-1].received[0]["type"] == "hello"


async def test_new_visitor_is_not_connected(page: Page, site: str, backend: ScriptedBackend) -> None:
    """A page opens no connection until a visitor opens the chat."""
    await page.goto(site)
    await expect(page.get_by_test_id("launcher")).to_be_visible()
    assert backend.attempts == []
    await page.get_by_test_id("launcher").hover()
    await backend.wait_for("hello")
    assert backend.attempts == [{"tenant": "studio-lumen", "locale": "pl"}]


async def test_reconnects(page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat) -> None:
    """A lost connection is reported, reopened automatically, and requests only new frames."""
    await page.goto(site)
    await open_chat(page)
    await backend.wait_for("hello")
    session = backend.connections[0].session
    await session.store(server.ChatFinal(re="a", data=server.ChatFinalData(text="odpowiedź pierwsza")))
    await expect(page.get_by_text("odpowiedź pierwsza")).to_be_visible()
    await backend.vanish()
    await expect(page.get_by_test_id("connection-status")).to_have_text("Łączę ponownie…")
    await session.store(server.ChatFinal(re="b", data=server.ChatFinalData(text="odpowiedź druga")))
    await backend.listen()
    hello = await backend.wait_for("hello", 2)
    assert hello["data"]["last_seq"] == 1
    await expect(page.get_by_text("odpowiedź druga")).to_be_visible()
    await expect(page.get_by_test_id("connection-status")).to_have_text("Asystent AI")


async def test_pings_and_moves_in_time(page: Page, site: str, backend: ScriptedBackend) -> None:
    """The widget pings before ten idle minutes, and moves to a new connection before two hours are over."""
    await page.clock.install()
    await page.goto(site)
    await page.get_by_test_id("launcher").click()
    await backend.wait_for("hello")
    await expect(page.get_by_test_id("connection-status")).to_have_attribute("data-state", "open")
    await page.clock.fast_forward("04:30")
    await backend.wait_for("ping")
    await page.clock.fast_forward("01:45:40")
    await backend.wait_for("hello", 2)
    await expect(page.get_by_test_id("connection-status")).to_have_attribute("data-state", "open")
    first, second = backend.connections
    assert second.query["session"] == first.session.token
    assert first.received[0]["type"] == second.received[0]["type"] == "hello"
    await first.socket.wait_closed()


async def test_foreign_frames_are_ignored(page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat) -> None:
    """API Gateway's own messages, broken JSON and unknown types are ignored."""
    await page.goto(site)
    await open_chat(page)
    await backend.wait_for("hello")
    connection = backend.connections[0]
    for text in (
        '{"message": "Internal server error", "connectionId": "x", "requestId": "y"}',
        "{",
        '{"type":"chat.final","seq":1,"re":"x","data":{"text":"cudza ramka"}}',
        '{"v":1,"type":"chat.dance","seq":1,"data":{}}',
    ):
        await connection.send_text(text)
    connection.session.frames.append(server.Pong().with_seq(1))
    await connection.session.store(server.ChatFinal(re="a", data=server.ChatFinalData(text="mówię dalej")))
    await expect(page.get_by_text("mówię dalej")).to_be_visible()
    await expect(page.get_by_text("cudza ramka")).to_have_count(0)


async def test_new_messages_are_counted(page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat) -> None:
    """Messages that arrive while the panel is closed are counted on the launcher until it is opened."""
    await page.goto(site)
    await open_chat(page)
    await backend.wait_for("hello")
    await page.get_by_test_id("close").click()
    session = backend.connections[0].session
    await session.store(server.ChatFinal(re="a", data=server.ChatFinalData(text="Jest odpowiedź")))
    await expect(page.get_by_test_id("unread")).to_have_text("1")
    await page.reload()
    await expect(page.get_by_test_id("unread")).to_have_text("1")
    await open_chat(page)
    await page.get_by_test_id("close").click()
    await expect(page.get_by_test_id("unread")).to_be_hidden()
