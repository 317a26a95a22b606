"""Steps that many tests of the widget share: send a message, find bubbles, answer, book, save a file."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from booking_script import CODE, ICS
from playwright.async_api import Locator, Page, expect
from scripted_backend import Connection

from shared.messages import server

OpenChat = Callable[[Page], Awaitable[Locator]]


async def say(page: Page, text: str) -> None:
    """Write a message and send it."""
    await page.get_by_test_id("composer-input").fill(text)
    await page.get_by_test_id("send").click()


def messages(page: Page, kind: str) -> Locator:
    """Return the bubbles of a kind: `said` or `answer`."""
    return page.locator(f'stride-chat [data-testid="message"][data-kind="{kind}"]')


async def accept(connection: Connection, frame: dict[str, Any]) -> None:
    """Acknowledge a message and store it."""
    await connection.send(server.Ack(re=frame["id"]))
    data = server.ChatSentData(text=frame["data"]["text"])
    await connection.session.store(server.ChatSent(re=frame["id"], data=data))


def answer_with(text: str) -> Callable[[Connection, dict[str, Any]], Awaitable[None]]:
    """Return a handler that answers every message with a text."""

    async def answer(connection: Connection, frame: dict[str, Any]) -> None:
        await accept(connection, frame)
        data = server.ChatFinalData(text=text)
        await connection.session.store(server.ChatFinal(re=frame["id"], data=data))

    return answer


async def save_calendar_file(page: Page, button: str, name: str) -> None:
    """Press the button of a calendar file; check the name and the content of the saved file."""
    async with page.expect_download() as downloading:
        await page.get_by_test_id(button).click()
    file = await downloading.value
    assert file.suggested_filename == name
    assert await asyncio.to_thread(Path(await file.path()).read_bytes) == ICS.encode()


async def hold(page: Page, site: str, open_chat: OpenChat) -> Locator:
    """Book until the card asks for the code; return the card."""
    await page.goto(site)
    await open_chat(page)
    await page.get_by_test_id("book").click()
    await page.get_by_test_id("booking-service").select_option("consultation")
    await page.get_by_test_id("time").first.click()
    await page.get_by_test_id("booking-contact").fill("anna@example.com")
    await page.get_by_test_id("booking-submit").click()
    card = page.get_by_test_id("appointment")
    await expect(card).to_have_attribute("data-stage", "pending")
    return card


async def confirm(page: Page, site: str, open_chat: OpenChat) -> Locator:
    """Book until the visit is confirmed; return the card."""
    card = await hold(page, site, open_chat)
    await page.get_by_test_id("code-input").fill(CODE)
    await expect(card).to_have_attribute("data-stage", "confirmed")
    return card
