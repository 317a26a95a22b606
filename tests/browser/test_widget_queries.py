"""The chat widget in a real browser, against a slow scripted backend: queries for free times."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from booking_script import SERVICES, BookingScript, slot
from playwright.async_api import Locator, Page, expect
from scripted_backend import Connection, ScriptedBackend
from widget_steps import answer_with, messages, say

from shared.messages import server
from shared.messages.errors import ErrorCode

pytestmark = pytest.mark.browser
OpenChat = Callable[[Page], Awaitable[Locator]]

QUERY_TIMEOUT = "00:10"
BOOK = "document.querySelector('stride-chat').book({ service: 'therapy' })"


async def stay_silent(_connection: Connection, _frame: dict[str, Any]) -> None:
    """Leave a query without an answer."""


async def answer(connection: Connection, query: dict[str, Any], hour: int) -> None:
    """Answer a query with one free time tomorrow."""
    free = (slot(1, hour, query["data"]["service"]),)
    data = server.BookingSlotsData(slots=free, services=SERVICES, time_zone="Europe/Warsaw")
    await connection.session.post(server.BookingSlots(re=query["id"], data=data))


async def query_without_answer(page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat) -> dict[str, Any]:
    """Open the form without an answer, with a controlled clock; return the query."""
    backend.on["booking.slots"] = stay_silent
    await page.clock.install()
    await page.goto(site)
    await open_chat(page)
    await backend.wait_for("hello")
    await page.evaluate(BOOK)
    return await backend.wait_for("booking.slots")


async def let_query_time_out(page: Page, backend: ScriptedBackend) -> None:
    """Advance the clock until the widget stops repeating the query."""
    await page.clock.fast_forward(QUERY_TIMEOUT)
    await backend.wait_for("booking.slots", 2)
    await page.clock.fast_forward(QUERY_TIMEOUT)
    await expect(page.get_by_test_id("times-lost")).to_have_text("Nie udało się wczytać wolnych terminów.")


async def test_unanswered_query_blocks_nothing(
    page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat
) -> None:
    """During an unanswered query messages are sent, the socket stays open, and the query is sent at most twice."""
    backend.on["chat.send"] = answer_with("Słucham.")
    await query_without_answer(page, site, backend, open_chat)
    await page.get_by_test_id("booking-back").click()
    await say(page, "Dzień dobry")
    await expect(messages(page, "answer")).to_contain_text("Słucham.")

    await page.evaluate(BOOK)
    await backend.wait_for("booking.slots", 2)
    await page.clock.fast_forward(QUERY_TIMEOUT)
    await backend.wait_for("booking.slots", 3)
    for _ in range(6):
        await page.clock.fast_forward(QUERY_TIMEOUT)
    await expect(page.get_by_test_id("times-lost")).to_be_visible()
    await page.get_by_test_id("booking-back").click()
    await say(page, "Halo")
    await expect(messages(page, "answer")).to_have_count(2)
    first, *repeated = [frame["id"] for frame in backend.frames("booking.slots")]
    assert first != repeated[0]
    assert repeated == [repeated[0]] * 2
    assert len(backend.attempts) == 1


async def test_commands_and_queries_are_independent(
    page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat
) -> None:
    """A query is sent while a message has no ack, and a booking is made while a query has no answer."""
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


async def test_retry_repeats_the_query(page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat) -> None:
    """Without times the form says so, and its button repeats the query."""
    await query_without_answer(page, site, backend, open_chat)
    await expect(page.get_by_test_id("times-note")).to_have_text("Sprawdzam wolne terminy…")
    await let_query_time_out(page, backend)
    await expect(page.get_by_test_id("times-note")).to_be_empty()

    BookingScript(backend)
    await page.get_by_test_id("times-retry").click()
    await expect(page.get_by_test_id("time").first).to_have_text("09:00")
    await expect(page.get_by_test_id("times-lost")).to_be_hidden()
    await expect(page.get_by_test_id("booking-service")).to_be_focused()
    assert len(backend.frames("booking.slots")) == 3


async def test_transient_failure_can_be_retried(
    page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat
) -> None:
    """A transient refusal is displayed with its reason beside the same button."""
    query = await query_without_answer(page, site, backend, open_chat)
    data = server.ErrorData(code=ErrorCode.INTERNAL, retryable=True, message="Chwilowy kłopot.")
    await backend.connections[0].send(server.Error(re=query["id"], data=data))
    await expect(page.get_by_test_id("times-lost")).to_have_text("Chwilowy kłopot.")
    BookingScript(backend)
    await page.get_by_test_id("times-retry").click()
    await expect(page.get_by_test_id("time").first).to_have_text("09:00")
    await expect(page.get_by_test_id("times-lost")).to_be_hidden()


async def test_late_answer_is_displayed(page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat) -> None:
    """An answer after the timeout replaces the error."""
    query = await query_without_answer(page, site, backend, open_chat)
    await let_query_time_out(page, backend)
    await answer(backend.connections[0], query, 11)
    await expect(page.get_by_test_id("time")).to_have_text("11:00")
    await expect(page.get_by_test_id("times-lost")).to_be_hidden()


async def test_only_the_newest_query_counts(
    page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat
) -> None:
    """The answer to a replaced query is not displayed, and the query is not repeated."""
    older = await query_without_answer(page, site, backend, open_chat)
    await page.get_by_test_id("booking-back").click()
    await page.evaluate(BOOK.replace("therapy", "consultation"))
    newer = await backend.wait_for("booking.slots", 2)
    connection = backend.connections[0]
    await answer(connection, older, 11)
    await answer(connection, newer, 14)
    await expect(page.get_by_test_id("time")).to_have_text("14:00")
    for _ in range(3):
        await page.clock.fast_forward(QUERY_TIMEOUT)
    await expect(page.get_by_test_id("times-lost")).to_be_hidden()
    assert [frame["id"] for frame in backend.frames("booking.slots")] == [older["id"], newer["id"]]


async def test_query_survives_a_disconnect(
    page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat
) -> None:
    """An unanswered query is repeated once on each new connection, at most three times in total."""
    backend.on["booking.slots"] = stay_silent
    await page.goto(site)
    await open_chat(page)
    await backend.wait_for("hello")
    await page.evaluate(BOOK)
    for count in (1, 2, 3):
        await backend.wait_for("booking.slots", count)
        await backend.connections[-1].socket.close()
    await backend.wait_for("hello", 4)
    await expect(page.get_by_test_id("connection-status")).to_have_attribute("data-state", "open")
    repeated = backend.frames("booking.slots")
    assert [frame["id"] for frame in repeated] == [repeated[0]["id"]] * 3
    await answer(backend.connections[-1], repeated[0], 16)
    await expect(page.get_by_test_id("time")).to_have_text("16:00")
