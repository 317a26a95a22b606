"""The chat widget in a real browser, against a scripted backend: messages and answers."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect
from scripted_backend import Connection, ScriptedBackend
from widget_steps import accept, answer_with, messages, say

from shared.messages import server
from shared.messages.errors import ErrorCode

pytestmark = pytest.mark.browser
OpenChat = Callable[[Page], Awaitable[Locator]]


async def test_answer_streams(page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat) -> None:
    """A message is pending until its ack, then the answer grows with each delta and ends with the final text."""
    await page.goto(site)
    await open_chat(page)
    await expect(page.get_by_test_id("disclosure")).to_have_text("Rozmawiasz z asystentem AI.")
    backend.acknowledges = False
    await say(page, "Ile to kosztuje?")
    sent = await backend.wait_for("chat.send")
    await expect(messages(page, "said")).to_have_attribute("data-state", "pending")

    connection = backend.connections[0]
    await accept(connection, sent)
    await expect(messages(page, "said")).to_have_attribute("data-state", "sent")
    await connection.send(server.Typing(re=sent["id"]))
    await expect(page.get_by_test_id("typing")).to_be_visible()

    async def delta(offset: int, text: str) -> None:
        await connection.send(server.ChatDelta(re=sent["id"], data={"offset": offset, "text": text}))

    await delta(0, "Zdrowie 👋 ")
    await delta(10, "kosztuje **220")
    draft = messages(page, "answer")
    await expect(draft).to_contain_text("Zdrowie 👋 kosztuje **220")
    await delta(8, "wizyta kosztuje **220 zł**")
    await expect(draft).to_have_attribute("data-state", "streaming")
    await expect(draft.locator("strong")).to_have_text("220 zł")
    await expect(draft).to_contain_text("Zdrowie wizyta kosztuje")
    await expect(page.get_by_test_id("typing")).to_be_hidden()

    final = server.ChatFinalData(text="Wizyta kosztuje **220 zł**.")
    await connection.session.store(server.ChatFinal(re=sent["id"], data=final))
    await expect(messages(page, "answer")).to_have_attribute("data-state", "final")
    await expect(messages(page, "answer")).to_contain_text("Wizyta kosztuje 220 zł.")


LEFT_TO_STAFF = server.ChatFinalData(text="", announces="is_read")


async def test_a_final_without_text(page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat) -> None:
    """Staff read it: the typing indicator ends, no empty bubble is left or counted, later messages are displayed."""

    async def read_by_staff(connection: Connection, frame: dict[str, Any]) -> None:
        await accept(connection, frame)
        await connection.send(server.Typing(re=frame["id"]))
        await connection.session.store(server.ChatFinal(re=frame["id"], data=LEFT_TO_STAFF))

    backend.on["chat.send"] = read_by_staff
    await page.goto(site)
    await open_chat(page)
    await say(page, "A z kotem?")
    await expect(page.get_by_test_id("stop")).to_be_hidden()
    await expect(page.get_by_test_id("typing")).to_be_hidden()
    await expect(messages(page, "answer")).to_have_count(0)
    words = server.ChatFinalData(text="Z kotem też.", by="human")
    await backend.connections[0].session.store(server.ChatFinal(data=words))
    await expect(messages(page, "answer")).to_have_count(1)
    await expect(messages(page, "answer")).to_contain_text("Z kotem też.")
    await page.get_by_test_id("close").click()
    await send_from_another_tab(backend.connections[0])
    await expect(page.get_by_test_id("unread")).to_have_text("1")


async def send_from_another_tab(connection: Connection) -> None:
    """Let another tab send a message that ends without text, and then let staff answer."""
    await connection.session.store(server.ChatSent(re="elsewhere", data=server.ChatSentData(text="I z psem?")))
    await connection.session.store(server.ChatFinal(re="elsewhere", data=LEFT_TO_STAFF))
    await connection.session.store(server.ChatFinal(data=server.ChatFinalData(text="Też.", by="human")))


async def test_stop(page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat) -> None:
    """The stop button sends the id of the message whose answer it ends, and disappears with the answer."""
    backend.on["chat.send"] = accept
    await page.goto(site)
    await open_chat(page)
    await say(page, "Opowiedz wszystko")
    sent = await backend.wait_for("chat.send")
    await page.get_by_test_id("stop").click()
    stop = await backend.wait_for("chat.stop")
    assert stop["data"] == {"id": sent["id"]}
    final = server.ChatFinalData(text="Opowiadam", stopped=True)
    await backend.connections[0].session.store(server.ChatFinal(re=sent["id"], data=final))
    await expect(page.get_by_test_id("stop")).to_be_hidden()
    await expect(messages(page, "answer")).to_contain_text("Odpowiedź zatrzymana")


async def test_hostile_answer_stays_text(page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat) -> None:
    """Markup and script addresses from the server are displayed as text, never run or linked."""
    hostile = (
        "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>\n\n"
        "- [kliknij](javascript:document.title='owned') i [tu](data:text/html,x)\n"
        "- **[cennik](https://studio-lumen.example/cennik)** i [poczta](mailto:a@example.com)"
    )
    backend.on["chat.send"] = answer_with(hostile)
    await page.goto(site)
    await open_chat(page)
    await say(page, "<b>gruby</b>")
    answer = messages(page, "answer")
    await expect(answer).to_contain_text("<img src=x onerror=")
    await expect(messages(page, "said")).to_contain_text("<b>gruby</b>")
    assert await answer.locator("img, script").count() == 0
    links = answer.locator("a")
    assert await links.evaluate_all("links => links.map(link => [link.href, link.rel])") == [
        ["https://studio-lumen.example/cennik", "noopener noreferrer"],
        ["mailto:a@example.com", "noopener noreferrer"],
    ]
    assert await page.title() != "owned"


async def test_refusal_can_be_retried(page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat) -> None:
    """A refusal has a reason; a retry uses the same id, unless a durable frame has ended the command."""

    async def refuse(connection: Connection, frame: dict[str, Any]) -> None:
        count = len(backend.frames("chat.send"))
        data = server.ErrorData(code=ErrorCode.MODEL_BUSY, retryable=True, message="Chwila, dużo pytań.")
        error = server.Error(re=frame["id"], data=data)
        if count == 1:
            await connection.send(error)
        elif count == 2:
            await accept(connection, frame)
            await connection.session.store(error)
        else:
            await answer_with("Już.")(connection, frame)

    backend.on["chat.send"] = refuse
    await page.goto(site)
    await open_chat(page)
    await say(page, "Halo")
    await expect(page.get_by_test_id("notice")).to_contain_text("Chwila, dużo pytań.")
    await expect(messages(page, "said")).to_have_attribute("data-state", "failed")
    await page.get_by_test_id("retry").click()
    await expect(messages(page, "said")).to_have_attribute("data-state", "sent")
    await page.get_by_test_id("retry").click()
    await expect(messages(page, "answer")).to_contain_text("Już.")
    ids = [frame["id"] for frame in backend.frames("chat.send")]
    assert ids[0] == ids[1] != ids[2]


async def test_keyboard(page: Page, site: str, backend: ScriptedBackend) -> None:
    """Without a mouse: open, write two lines, send, and close with Escape, which focuses the launcher."""
    await page.goto(site)
    await page.get_by_test_id("launcher").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("composer-input")).to_be_focused()
    await page.keyboard.type("raz")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("dwa")
    await page.keyboard.press("Enter")
    sent = await backend.wait_for("chat.send")
    assert sent["data"]["text"] == "raz\ndwa"
    await expect(page.get_by_test_id("composer-input")).to_have_value("")
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("panel")).to_be_hidden()
    await expect(page.get_by_test_id("launcher")).to_be_focused()


async def test_character_limit(page: Page, site: str, open_chat: OpenChat) -> None:
    """A text over the limit of the welcome is reported as too long and cannot be sent."""
    await page.goto(site)
    await open_chat(page)
    await page.get_by_test_id("composer-input").fill("👋" * 4000)
    await expect(page.get_by_test_id("send")).to_be_enabled()
    await page.get_by_test_id("composer-input").fill("👋" * 4001)
    await expect(page.get_by_test_id("send")).to_be_disabled()
    await expect(page.get_by_test_id("counter")).to_have_text("Za długo o 1 znak")


async def test_phone(page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat) -> None:
    """On a phone the panel covers the screen without horizontal overflow, and Tab stays inside."""
    backend.on["chat.send"] = answer_with("https://studio-lumen.example/" + "bardzo-dlugi-adres" * 12)
    await page.set_viewport_size({"width": 390, "height": 844})
    await page.goto(site)
    panel = await open_chat(page)
    await say(page, "Gdzie jesteście?")
    await expect(messages(page, "answer")).to_be_visible()
    assert await panel.bounding_box() == {"x": 0, "y": 0, "width": 390, "height": 844}
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
    assert await page.locator("stride-chat .scroller").evaluate("node => node.scrollWidth <= node.clientWidth")
    for _ in range(12):
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.localName") == "stride-chat"


async def test_language(page: Page, site: str, open_chat: OpenChat) -> None:
    """Changing the page's language changes the widget's, and keeps the draft."""
    await page.goto(site)
    await open_chat(page)
    await page.get_by_test_id("composer-input").fill("half a sent")
    await page.locator("stride-chat").evaluate("chat => chat.setAttribute('locale', 'en')")
    await expect(page.get_by_test_id("disclosure")).to_have_text("You are talking to an AI assistant.")
    await expect(page.get_by_test_id("composer-input")).to_have_value("half a sent")
