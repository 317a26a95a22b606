"""The chat widget in a real browser, against a backend whose bookings are slow: asking for free times."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from booking_script import SERVICES, BookingScript, slot
from playwright.async_api import Locator, Page, expect
from scripted_backend import Connection, ScriptedBackend
from talk import answer_with, messages, say

from shared.messages import server
from shared.messages.errors import ErrorCode

pytestmark = pytest.mark.browser
OpenChat = Callable[[Page], Awaitable[Locator]]

PATIENCE = "00:10"
BOOK = "document.querySelector('stride-chat').book({ service: 'therapy' })"


async def stay_silent(_connection: Connection, _frame: dict[str, Any]) -> None:
    """Leave a question without an answer."""


async def answer(connection: Connection, question: dict[str, Any], hour: int) -> None:
    """Answer a question with one free time tomorrow."""
    free = (slot(1, hour, question["data"]["service"]),)
    data = server.BookingSlotsData(slots=free, services=SERVICES, time_zone="Europe/Warsaw")
    await connection.session.post(server.BookingSlots(re=question["id"], data=data))


async def ask_in_vain(page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat) -> dict[str, Any]:
    """Open the form while nobody answers, with the page's clock in our hands; returns the question."""
    backend.on["booking.slots"] = stay_silent
    await page.clock.install()
    await page.goto(site)
    await open_chat(page)
    await backend.wait_for("hello")
    await page.evaluate(BOOK)
    return await backend.wait_for("booking.slots")


async def lose_patience(page: Page, backend: ScriptedBackend) -> None:
    """Let the time pass after which the widget asks no more."""
    await page.clock.fast_forward(PATIENCE)
    await backend.wait_for("booking.slots", 2)
    await page.clock.fast_forward(PATIENCE)
    await expect(page.get_by_test_id("times-lost")).to_have_text("Nie udało się wczytać wolnych terminów.")


async def test_silence_holds_nothing_back(page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat) -> None:
    """While a question goes unanswered messages are sent, the line stays, and the question is asked twice at most."""
    backend.on["chat.send"] = answer_with("Słucham.")
    await ask_in_vain(page, site, backend, open_chat)
    await page.get_by_test_id("booking-back").click()
    await say(page, "Dzień dobry")
    await expect(messages(page, "answer")).to_contain_text("Słucham.")

    await page.evaluate(BOOK)
    await backend.wait_for("booking.slots", 2)
    await page.clock.fast_forward(PATIENCE)
    await backend.wait_for("booking.slots", 3)
    for _ in range(6):
        await page.clock.fast_forward(PATIENCE)
    await expect(page.get_by_test_id("times-lost")).to_be_visible()
    await page.get_by_test_id("booking-back").click()
    await say(page, "Halo")
    await expect(messages(page, "answer")).to_have_count(2)
    first, *asked = [frame["id"] for frame in backend.frames("booking.slots")]
    assert first != asked[0]
    assert asked == [asked[0]] * 2
    assert len(backend.attempts) == 1


async def test_commands_and_questions_pass_each_other(
    page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat
) -> None:
    """A question is asked while a message has no ack, and a booking is made while a question has no answer."""
    BookingScript(backend)
    backend.on["chat.send"] = stay_silent
    await page.goto(site)
    await open_chat(page)
    await say(page, "Halo?")
    sent = await backend.wait_for("chat.send")
    await page.evaluate(BOOK)
    await page.get_by_test_id("time").first.click()
    await backend.connections[0].send(server.Ack(re=sent["id"]))
    backend.on["booking.slots"] = stay_silent
    await page.get_by_test_id("later-days").click()
    await backend.wait_for("booking.slots", 2)
    await page.get_by_test_id("booking-contact").fill("anna@example.com")
    await page.get_by_test_id("booking-submit").click()
    await expect(page.get_by_test_id("appointment")).to_have_attribute("data-stage", "pending")


async def test_retry_asks_again(page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat) -> None:
    """When the times do not come the form says so, and its button brings them."""
    await ask_in_vain(page, site, backend, open_chat)
    await expect(page.get_by_test_id("times-note")).to_have_text("Sprawdzam wolne terminy…")
    await lose_patience(page, backend)
    await expect(page.get_by_test_id("times-note")).to_be_empty()

    BookingScript(backend)
    await page.get_by_test_id("times-retry").click()
    await expect(page.get_by_test_id("time").first).to_have_text("09:00")
    await expect(page.get_by_test_id("times-lost")).to_be_hidden()
    await expect(page.get_by_test_id("booking-service")).to_be_focused()
    assert len(backend.frames("booking.slots")) == 3


async def test_passing_failure_can_be_retried(
    page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat
) -> None:
    """A refusal that may pass shows its reason beside the same button."""
    question = await ask_in_vain(page, site, backend, open_chat)
    data = server.ErrorData(code=ErrorCode.INTERNAL, retryable=True, message="Chwilowy kłopot.")
    await backend.connections[0].send(server.Error(re=question["id"], data=data))
    await expect(page.get_by_test_id("times-lost")).to_have_text("Chwilowy kłopot.")
    BookingScript(backend)
    await page.get_by_test_id("times-retry").click()
    await expect(page.get_by_test_id("time").first).to_have_text("09:00")
    await expect(page.get_by_test_id("times-lost")).to_be_hidden()


async def test_late_answer_is_welcome(page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat) -> None:
    """An answer that comes after the widget has given up is shown in place of the complaint."""
    question = await ask_in_vain(page, site, backend, open_chat)
    await lose_patience(page, backend)
    await answer(backend.connections[0], question, 11)
    await expect(page.get_by_test_id("time")).to_have_text("11:00")
    await expect(page.get_by_test_id("times-lost")).to_be_hidden()


async def test_newer_question_counts(page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat) -> None:
    """The answer to a question that a newer one has replaced is not shown, and it is asked no more."""
    older = await ask_in_vain(page, site, backend, open_chat)
    await page.get_by_test_id("booking-back").click()
    await page.evaluate(BOOK.replace("therapy", "consultation"))
    newer = await backend.wait_for("booking.slots", 2)
    connection = backend.connections[0]
    await answer(connection, older, 11)
    await answer(connection, newer, 14)
    await expect(page.get_by_test_id("time")).to_have_text("14:00")
    for _ in range(3):
        await page.clock.fast_forward(PATIENCE)
    await expect(page.get_by_test_id("times-lost")).to_be_hidden()
    assert [frame["id"] for frame in backend.frames("booking.slots")] == [older["id"], newer["id"]]


async def test_question_outlives_a_break(page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat) -> None:
    """A question without an answer is asked again on the next line, once for each, and three times in all."""
    backend.on["booking.slots"] = stay_silent
    await page.goto(site)
    await open_chat(page)
    await backend.wait_for("hello")
    await page.evaluate(BOOK)
    for lines in (1, 2, 3):
        await backend.wait_for("booking.slots", lines)
        await backend.connections[-1].socket.close()
    await backend.wait_for("hello", 4)
    await expect(page.get_by_test_id("connection-status")).to_have_attribute("data-state", "open")
    asked = backend.frames("booking.slots")
    assert [frame["id"] for frame in asked] == [asked[0]["id"]] * 3
    await answer(backend.connections[-1], asked[0], 16)
    await expect(page.get_by_test_id("time")).to_have_text("16:00")
