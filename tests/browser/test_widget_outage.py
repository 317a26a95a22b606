"""The chat widget in a real browser: without a network, without a back end, and what the visitor was writing."""

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import BrowserContext, Locator, Page, expect
from scripted_backend import Connection, ScriptedBackend
from widget_steps import accept, messages, say

from shared.messages import server

pytestmark = pytest.mark.browser
OpenChat = Callable[[Page], Awaitable[Locator]]
STORAGE = "stride-chat/studio-lumen"
SET_CONTACT = """() => Object.entries({ phone: "+48 22 123 45 67", email: "studio@example.com" })
    .forEach((pair) => document.querySelector("stride-chat").setAttribute(...pair))"""


async def test_offline_is_reported_at_once_and_the_message_is_sent_later(
    context: BrowserContext, page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat
) -> None:
    """The message is kept, and is sent once by itself when the network is back."""
    await page.goto(site)
    await open_chat(page)
    await backend.wait_for("hello")
    status = page.get_by_test_id("connection-status")
    await expect(status).to_have_attribute("data-state", "open")
    backend.refuses = lambda _query: True
    await context.set_offline(True)
    await expect(status).to_have_attribute("data-state", "offline", timeout=1000)
    await expect(page.locator(".composer").get_by_test_id("outage")).to_contain_text("Brak połączenia z internetem.")
    await say(page, "Czy jest miejsce?")
    await expect(page.get_by_test_id("message-status")).to_have_text("Wyślemy, gdy wróci połączenie")
    assert backend.frames("chat.send") == []
    backend.refuses = lambda _query: False
    await context.set_offline(False)
    frame = await backend.wait_for("chat.send")
    assert frame["data"] == {"text": "Czy jest miejsce?"}
    await accept(backend.connections[-1], frame)
    await expect(messages(page, "said")).to_have_attribute("data-state", "sent")
    await expect(page.locator(".composer").get_by_test_id("outage")).to_be_empty()
    assert len(backend.frames("chat.send")) == 1


async def test_silent_socket_is_noticed_while_the_visitor_writes(
    page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat
) -> None:
    """A socket that answers no ping is replaced within seconds, before the message is sent."""

    async def stay_silent(_connection: Connection, _frame: dict[str, object]) -> None:
        return

    await page.clock.install()
    await page.goto(site)
    await open_chat(page)
    await backend.wait_for("hello")
    await expect(page.get_by_test_id("connection-status")).to_have_attribute("data-state", "open")
    backend.on["ping"] = stay_silent
    await page.clock.fast_forward(16_000)
    await page.get_by_test_id("composer-input").press_sequentially("Czy")
    await backend.wait_for("ping")
    assert len(backend.frames("ping")) == 1
    await page.clock.fast_forward(5_100)
    await expect(page.get_by_test_id("connection-status")).not_to_have_attribute("data-state", "open")
    await page.clock.fast_forward(1_000)
    await backend.wait_for("hello", 2)
    await expect(page.get_by_test_id("connection-status")).to_have_attribute("data-state", "open")


async def test_silent_socket_is_noticed_while_an_answer_is_awaited(
    page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat
) -> None:
    """The answer that was posted to nobody is there after the reconnect."""

    async def stay_silent(_connection: Connection, _frame: dict[str, object]) -> None:
        return

    await page.clock.install()
    await page.goto(site)
    await open_chat(page)
    await backend.wait_for("hello")
    backend.on |= {"chat.send": accept, "ping": stay_silent}
    await say(page, "Halo?")
    await expect(messages(page, "said")).to_have_attribute("data-state", "sent")
    session = backend.connections[0].session
    sent = backend.frames("chat.send")[0]
    session.frames.append(server.ChatFinal(re=sent["id"], data=server.ChatFinalData(text="Jestem.")).with_seq(2))
    await page.clock.fast_forward(15_100)
    await backend.wait_for("ping")
    await page.clock.fast_forward(5_100)
    await page.clock.fast_forward(1_000)
    await expect(messages(page, "answer")).to_contain_text("Jestem.")


@pytest.mark.parametrize("where", ["page", "earlier welcome"])
async def test_contact_instead_of_an_empty_form(
    page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat, where: str
) -> None:
    """Where the back end is down the form has no button, but the telephone number and the e-mail address."""
    await backend.vanish()
    contact = '{"phone":"+48 22 123 45 67","email":"studio@example.com"}'
    await page.add_init_script(f"localStorage.setItem('{STORAGE}/contact', '{contact if where != 'page' else '{}'}')")
    await page.clock.install()
    await page.goto(site)
    if where == "page":
        await page.evaluate(SET_CONTACT)
    await open_chat(page)
    await page.get_by_test_id("book").click()
    await page.clock.fast_forward(5_100)
    form = page.get_by_test_id("booking-form")
    await expect(form.get_by_test_id("outage-phone")).to_have_attribute("href", "tel:+48221234567")
    await expect(form.get_by_test_id("outage-email")).to_have_attribute("href", "mailto:studio@example.com")
    await expect(form.get_by_test_id("booking-submit")).to_be_hidden()
    await expect(form.get_by_test_id("booking-service")).to_be_hidden()
    await page.get_by_test_id("booking-back").click()
    await expect(page.locator(".composer").get_by_test_id("outage-phone")).to_be_visible()


async def test_form_comes_back_with_the_back_end(
    page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat
) -> None:
    """Once the back end answers, the form is there and asks for the free times."""
    await backend.vanish()
    await page.goto(site)
    await open_chat(page)
    await page.get_by_test_id("book").click()
    await expect(page.get_by_test_id("booking-submit")).to_be_hidden()
    await backend.listen()
    await backend.wait_for("booking.slots")
    await expect(page.get_by_test_id("booking-submit")).to_be_visible()


async def test_message_being_typed_survives(
    page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat
) -> None:
    """A reload, the way back and another language keep it; what was sent does not come back."""
    await page.goto(site)
    await open_chat(page)
    field = page.get_by_test_id("composer-input")
    await field.fill("Czy mogę przyjść z psem")
    await page.reload()
    await expect(field).to_have_value("Czy mogę przyjść z psem")
    await page.goto("about:blank")
    await page.go_back()
    await expect(field).to_have_value("Czy mogę przyjść z psem")
    await page.evaluate("document.querySelector('stride-chat').setAttribute('locale', 'en')")
    await expect(field).to_have_attribute("aria-label", "Message")
    await expect(field).to_have_value("Czy mogę przyjść z psem")
    await page.get_by_test_id("send").click()
    await backend.wait_for("chat.send")
    await page.reload()
    await expect(page.get_by_test_id("panel")).to_be_visible()
    await expect(field).to_have_value("")


async def test_cleared_storage_does_not_end_the_open_conversation(
    page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat
) -> None:
    """The page keeps its session over the next connection, sends what waits once, and stores the token again."""
    backend.acknowledges = False
    await page.goto(site)
    await open_chat(page)
    await backend.wait_for("hello")
    await say(page, "Halo?")
    await backend.wait_for("chat.send")
    await page.evaluate("() => { localStorage.clear(); sessionStorage.clear(); }")
    await backend.connections[0].socket.close()
    again = await backend.wait_for("chat.send", 2)
    assert backend.attempts[-1]["session"] == "token-1"
    assert [frame["id"] for frame in backend.frames("chat.send")] == [again["id"]] * 2
    await accept(backend.connections[-1], again)
    await expect(messages(page, "said")).to_have_attribute("data-state", "sent")
    assert await page.evaluate(f"localStorage.getItem('{STORAGE}/session')") == "token-1"
    await page.reload()
    await expect(messages(page, "said")).to_have_count(1)
    assert len(backend.frames("chat.send")) == 2
