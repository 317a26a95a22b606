"""The chat widget in a real browser, against a scripted backend: no message lost or duplicated."""

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import BrowserContext, Locator, Page, expect
from scripted_backend import ScriptedBackend
from widget_steps import accept, answer_with, messages, say

from shared.messages import server

pytestmark = pytest.mark.browser
OpenChat = Callable[[Page], Awaitable[Locator]]


async def test_commands_wait_for_the_last_ack(
    page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat
) -> None:
    """A second message is not sent before the first has its ack."""
    backend.acknowledges = False
    await page.goto(site)
    await open_chat(page)
    await say(page, "jeden")
    await say(page, "dwa")
    first = await backend.wait_for("chat.send")
    await expect(messages(page, "said")).to_have_count(2)
    assert len(backend.frames("chat.send")) == 1
    await backend.connections[0].send(server.Ack(re=first["id"]))
    second = await backend.wait_for("chat.send", 2)
    assert second["data"] == {"text": "dwa"}


async def test_reload_keeps_history(page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat) -> None:
    """After a reload the same session shows the same messages, and the open panel is open again."""
    backend.on["chat.send"] = answer_with("Tak.")
    await page.goto(site)
    await open_chat(page)
    await say(page, "Czy pracujecie w sobotę?")
    await expect(messages(page, "answer")).to_have_text("Asystent AI: Tak.")
    await page.reload()
    await expect(page.get_by_test_id("panel")).to_be_visible()
    await expect(messages(page, "said")).to_contain_text("Czy pracujecie w sobotę?")
    await expect(messages(page, "answer")).to_have_text("Asystent AI: Tak.")
    assert backend.attempts[-1]["session"] == "token-1"
    assert backend.frames("hello")[-1]["data"]["last_seq"] == 0


async def test_unacknowledged_message_is_sent_again(
    page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat
) -> None:
    """A message without an ack is sent again under the same id: on the next connection, and after a reload."""
    backend.acknowledges = False
    await page.goto(site)
    await open_chat(page)
    await say(page, "Halo?")
    first = await backend.wait_for("chat.send")
    await backend.connections[0].socket.close()
    second = await backend.wait_for("chat.send", 2)
    await page.reload()
    third = await backend.wait_for("chat.send", 3)
    assert first["id"] == second["id"] == third["id"]
    await expect(messages(page, "said")).to_have_count(1)

    await accept(backend.connections[-1], third)
    await expect(messages(page, "said")).to_have_attribute("data-state", "sent")
    await page.reload()
    await expect(messages(page, "said")).to_have_attribute("data-state", "sent")
    assert len(backend.frames("chat.send")) == 3


async def test_gap_in_seq(page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat) -> None:
    """A frame with a gap before it waits, a `hello` requests the missing frames, and each is displayed once."""
    await page.goto(site)
    await open_chat(page)
    await backend.wait_for("hello")
    connection = backend.connections[0]
    lost = server.ChatFinal(re="a", data=server.ChatFinalData(text="pierwsza")).with_seq(1)
    connection.session.frames.append(lost)
    late = server.ChatFinal(re="b", data=server.ChatFinalData(text="druga"))
    await connection.session.store(late)
    again = await backend.wait_for("hello", 2)
    assert again["data"]["last_seq"] == 0
    await connection.send(late.with_seq(2))
    await expect(messages(page, "answer")).to_have_count(2)
    await expect(messages(page, "answer").first).to_contain_text("pierwsza")
    await expect(messages(page, "answer").last).to_contain_text("druga")


async def test_two_tabs(
    context: BrowserContext, page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat
) -> None:
    """Two tabs of one visitor share a session, and a message from one is displayed in both, once."""
    backend.on["chat.send"] = answer_with("Słucham.")
    await page.goto(site)
    await open_chat(page)
    await backend.wait_for("hello")
    other = await context.new_page()
    await other.goto(site)
    await open_chat(other)
    await backend.wait_for("hello", 2)
    await say(page, "Dzień dobry")
    for tab in (page, other):
        await expect(messages(tab, "said")).to_have_count(1)
        await expect(messages(tab, "answer")).to_have_count(1)
    assert len(backend.sessions) == 1
