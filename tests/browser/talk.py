"""What the tests of the widget do over and over: say something, look at bubbles, answer."""

from collections.abc import Awaitable, Callable
from typing import Any

from playwright.async_api import Locator, Page
from scripted_backend import Connection

from shared.messages import server


async def say(page: Page, text: str) -> None:
    """Write a message and send it."""
    await page.get_by_test_id("composer-input").fill(text)
    await page.get_by_test_id("send").click()


def messages(page: Page, kind: str) -> Locator:
    """Return the bubbles of a kind: `said` or `answer`."""
    return page.locator(f'stride-chat [data-testid="message"][data-kind="{kind}"]')


async def accept(connection: Connection, frame: dict[str, Any]) -> None:
    """Acknowledge a message and keep it."""
    await connection.send(server.Ack(re=frame["id"]))
    data = server.ChatSentData(text=frame["data"]["text"])
    await connection.session.store(server.ChatSent(re=frame["id"], data=data))


def answer_with(text: str) -> Callable[[Connection, dict[str, Any]], Awaitable[None]]:
    """Return what answers every message with a text."""

    async def answer(connection: Connection, frame: dict[str, Any]) -> None:
        await accept(connection, frame)
        data = server.ChatFinalData(text=text)
        await connection.session.store(server.ChatFinal(re=frame["id"], data=data))

    return answer
