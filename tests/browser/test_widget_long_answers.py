"""What the widget says of an answer that takes long, is cut or names its sources."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect
from scripted_backend import ScriptedBackend
from widget_steps import accept, answer_with, messages, say

from shared.messages import server
from shared.messages.errors import ErrorCode

pytestmark = pytest.mark.browser
OpenChat = Callable[[Page], Awaitable[Locator]]

SLOW = "To trwa dłużej niż zwykle…"


async def ask(page: Page, backend: ScriptedBackend, text: str) -> dict[str, Any]:
    """Send a message that is accepted and begun to be answered."""
    await say(page, text)
    sent = await backend.wait_for("chat.send")
    await accept(backend.connections[0], sent)
    await backend.connections[0].send(server.Typing(re=sent["id"]))
    return sent


async def test_a_long_wait_is_announced_until_the_first_words(
    page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat
) -> None:
    """In a region that screen readers speak politely; the page names the capability in its hello."""
    backend.acknowledges = False
    await page.goto(site)
    await open_chat(page)
    hello = await backend.wait_for("hello")
    assert "progress" in hello["data"]["capabilities"]
    sent = await ask(page, backend, "Ile to kosztuje?")
    connection, notice = backend.connections[0], page.get_by_test_id("progress")
    await expect(notice).to_have_role("status")
    await expect(notice).to_have_text("")
    await connection.send(server.Progress(re=sent["id"]))
    await expect(notice).to_have_text(SLOW)
    await expect(page.get_by_test_id("typing")).to_be_visible()
    await connection.send(server.ChatDelta(re=sent["id"], data={"offset": 0, "text": "Wizyta"}))
    await expect(notice).to_have_text("")
    await connection.send(server.Progress(re=sent["id"]))
    await expect(notice).to_have_text(SLOW)
    await connection.session.store(server.ChatFinal(re=sent["id"], data=server.ChatFinalData(text="Wizyta: 220 zł.")))
    await expect(messages(page, "answer")).to_contain_text("Wizyta: 220 zł.")
    await expect(notice).to_have_text("")


async def test_an_error_ends_the_notice(page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat) -> None:
    """A late one does not bring it back."""
    backend.acknowledges = False
    await page.goto(site)
    await open_chat(page)
    sent = await ask(page, backend, "Ile to kosztuje?")
    connection, notice = backend.connections[0], page.get_by_test_id("progress")
    await connection.send(server.Progress(re=sent["id"]))
    await expect(notice).to_have_text(SLOW)
    data = server.ErrorData(code=ErrorCode.TIMEOUT, retryable=True, message="Przepraszamy.")
    await connection.session.store(server.Error(re=sent["id"], data=data))
    await expect(page.get_by_test_id("notice")).to_be_visible()
    await connection.send(server.Progress(re=sent["id"]))
    await expect(notice).to_have_text("")


async def test_a_cut_answer_is_continued_by_a_message(
    page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat
) -> None:
    """The button under it sends one, as if the visitor had typed it; a complete answer has none."""
    await page.goto(site)
    await open_chat(page)

    async def cut(connection: Any, frame: dict[str, Any]) -> None:
        await accept(connection, frame)
        data = server.ChatFinalData(text="Połowa", cut="max_tokens")
        await connection.session.store(server.ChatFinal(re=frame["id"], data=data))

    backend.on["chat.send"] = cut
    await say(page, "Opowiedz wszystko")
    await expect(messages(page, "answer")).to_contain_text("Odpowiedź jest niepełna")
    backend.on["chat.send"] = answer_with("Druga połowa")
    await page.get_by_test_id("continue").click()
    await expect(messages(page, "said")).to_have_count(2)
    await expect(messages(page, "said").last).to_contain_text("Proszę dokończyć")
    await expect(messages(page, "answer").last).to_contain_text("Druga połowa")
    await expect(page.get_by_test_id("continue")).to_have_count(1)


async def test_an_answer_shows_its_sources(
    page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat
) -> None:
    """As text, whatever a title contains; an answer without sources has no line for them."""
    await page.goto(site)
    await open_chat(page)

    async def answer(connection: Any, frame: dict[str, Any]) -> None:
        await accept(connection, frame)
        data = server.ChatFinalData(text="220 zł", sources=("Cennik", "<img src=x onerror=alert(1)>"))
        await connection.session.store(server.ChatFinal(re=frame["id"], data=data))

    backend.on["chat.send"] = answer
    await say(page, "Ile?")
    await expect(page.get_by_test_id("sources")).to_have_text("Źródło: Cennik, <img src=x onerror=alert(1)>")
    backend.on["chat.send"] = answer_with("Proszę")
    await say(page, "Dziękuję")
    await expect(messages(page, "answer")).to_have_count(2)
    await expect(page.get_by_test_id("sources").last).to_be_hidden()
