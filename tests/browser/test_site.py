"""The demo site: its configuration, its headers, and the inbox of what the stack caught."""

import asyncio
import base64
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from email.message import EmailMessage
from typing import Any

import pytest
from aiohttp import ClientSession, web
from playwright.async_api import Page, expect

from infra.local.site.inbox import emails, text_messages
from infra.local.site.server import SiteConfig

ServeSite = Callable[[SiteConfig], Awaitable[str]]


def record(message_id: str, **fields: Any) -> dict[str, Any]:
    """Return an e-mail as the emulator lists it."""
    return {
        "MessageId": message_id,
        "To": ["anna@example.com"],
        "CC": [],
        "BCC": [],
        "Subject": "Twój kod: 482913",
        "BodyText": "Twój kod to 482913.",
        "BodyHtml": None,
        "Timestamp": 1_790_000_000.5,
        **fields,
    }


def text_record(message_id: str, number: str, text: str) -> dict[str, Any]:
    """Return a text message as the emulator lists it."""
    return {"MessageId": message_id, "PhoneNumber": number, "Message": text}


@pytest.fixture
async def caught() -> AsyncIterator[tuple[str, list[dict[str, Any]]]]:
    """An emulator that caught a list of e-mails and text messages; its address, and the list."""
    records: list[dict[str, Any]] = []

    async def messages(_: web.Request) -> web.Response:
        return web.json_response({"messages": {"000000000000": [each for each in records if "To" in each]}})

    async def texts(_: web.Request) -> web.Response:
        numbers: dict[str, list[dict[str, Any]]] = {}
        for each in records:
            if "PhoneNumber" in each:
                numbers.setdefault(each["PhoneNumber"], []).append(each)
        return web.json_response({"sms_messages": numbers, "region": "eu-central-1"})

    app = web.Application()
    app.router.add_get("/_ministack/ses/messages", messages)
    app.router.add_get("/_ministack/sns/sms-messages", texts)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}", records
    await runner.cleanup()


def config(aws_endpoint_url: str = "http://127.0.0.1:9") -> SiteConfig:
    return SiteConfig(websocket_url="ws://127.0.0.1:9/prod", tenant="studio-lumen", aws_endpoint_url=aws_endpoint_url)


async def test_serves_modules_with_strict_headers(serve_site: ServeSite) -> None:
    """Modules come as JavaScript, nothing inline is allowed, nothing is cached, nothing outside is served."""
    address = await serve_site(config())
    async with ClientSession() as http:
        async with http.get(f"{address}/widget/stride-chat.js") as module:
            assert module.status == 200
            assert module.content_type == "text/javascript"
        async with http.get(f"{address}/") as page:
            assert page.content_type == "text/html"
            assert "unsafe-inline" not in page.headers["Content-Security-Policy"]
            assert page.headers["Cache-Control"] == "no-store"
            assert page.headers["X-Content-Type-Options"] == "nosniff"
        for path in ("/nothing.html", "/%2e%2e/server.py", "/widget/%2e%2e/pyproject.toml", "/widget/views"):
            async with http.get(address + path) as missing:
                assert missing.status == 404
                assert "Content-Security-Policy" in missing.headers
        async with http.get(f"{address}/config.json") as settings:
            assert await settings.json() == {
                "websocket_url": "ws://127.0.0.1:9/prod",
                "tenant": "studio-lumen",
                "bedrock": "stand-in",
            }
        for path in ("/api/inbox", "/api/texts"):
            async with http.get(address + path) as unreachable:
                assert unreachable.status == 502


def test_emails_newest_first() -> None:
    """E-mails of every account come newest first, with all their recipients."""
    old, new = record("old", Timestamp=1.0), record("new", Timestamp=2.0, CC=["b@example.com"])
    listed = emails({"messages": {"1": [old], "2": [new]}})
    assert [email["id"] for email in listed] == ["new", "old"]
    assert listed[0]["to"] == ["anna@example.com", "b@example.com"]
    assert listed[1]["sent_at"] == "1970-01-01T00:00:01+00:00"


def test_text_messages_by_number() -> None:
    """Text messages come by number, each number's newest first."""
    first, second = text_record("1", "+48600700800", "111111"), text_record("2", "+48600700800", "222222")
    other = text_record("3", "+48600700801", "333333")
    listed = text_messages({"sms_messages": {"+48600700800": [first, second], "+48600700801": [other]}})
    assert [(each["id"], each["to"], each["text"]) for each in listed] == [
        ("2", "+48600700800", "222222"),
        ("1", "+48600700800", "111111"),
        ("3", "+48600700801", "333333"),
    ]
    assert text_messages({}) == []


def test_raw_message_with_attachment() -> None:
    """A whole MIME message, plain or in base64, is taken apart into text, HTML and attachments."""
    message = EmailMessage()
    message["Subject"] = "Wizyta potwierdzona"
    message["To"] = "anna@example.com"
    message.set_content("Do zobaczenia.\n")
    message.add_alternative("<p>Do zobaczenia.</p>", subtype="html")
    message.add_attachment(b"BEGIN:VCALENDAR", maintype="text", subtype="calendar", filename="wizyta.ics")
    for data in (message.as_string(), base64.b64encode(message.as_bytes()).decode()):
        (email,) = emails({"messages": {"1": [record("raw", To=[], Subject="", BodyText=data)]}})
        assert (email["subject"], email["text"]) == ("Wizyta potwierdzona", "Do zobaczenia.\n")
        assert email["html"] is not None
        assert email["to"] == ["anna@example.com"]
        (attachment,) = email["attachments"]
        assert (attachment["name"], attachment["content_type"]) == ("wizyta.ics", "text/calendar")
        assert base64.b64decode(attachment["base64"]) == b"BEGIN:VCALENDAR"


@pytest.mark.browser
async def test_inbox_page(page: Page, serve_site: ServeSite, caught: tuple[str, list[dict[str, Any]]]) -> None:
    """The inbox says what to do while it is empty, then shows what arrives, and runs no script of an e-mail."""
    endpoint, records = caught
    await page.goto(await serve_site(config(endpoint)) + "/inbox.html")
    await expect(page.get_by_text("No e-mail yet")).to_be_visible()
    records.append(record("one", BodyHtml="<p>482913</p><script>parent.document.title = 'owned'</script>"))
    await expect(page.get_by_test_id("code")).to_contain_text("482913")
    await expect(page.get_by_text("Twój kod to 482913.")).to_be_visible()
    await page.get_by_text("As HTML").click()
    await expect(page.frame_locator("iframe").get_by_text("482913")).to_be_visible()
    assert await page.title() == "Inbox of the local stack"


@pytest.mark.browser
async def test_inbox_page_shows_text_messages(
    page: Page, serve_site: ServeSite, caught: tuple[str, list[dict[str, Any]]]
) -> None:
    """A text message shows its number, its words and its code to copy; what it says is text, whatever it says."""
    endpoint, records = caught
    await page.goto(await serve_site(config(endpoint)) + "/inbox.html")
    await expect(page.get_by_role("heading", name="Text messages")).to_be_hidden()
    records.append(text_record("one", "+48600700800", "482913 to kod <b>Salon</b>"))
    await expect(page.get_by_role("heading", name="Text messages")).to_be_visible()
    await expect(page.get_by_test_id("text-message")).to_contain_text("482913 to kod <b>Salon</b>")
    await expect(page.get_by_test_id("text-message")).to_contain_text("to +48600700800")
    await expect(page.get_by_test_id("code")).to_contain_text("482913")
    await expect(page.get_by_text("No e-mail yet")).to_be_hidden()


async def test_command_line() -> None:
    """The site says its address, refuses a port that is taken, and stops cleanly on SIGTERM."""

    async def start(port: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "infra.local.site", "--port", port, "--websocket-url", "ws://127.0.0.1:9"),
            *("--aws-endpoint-url", "http://127.0.0.1:9"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    first = await start("0")
    assert first.stdout is not None
    ready = (await first.stdout.readline()).decode().split()
    assert ready[0] == "ready"
    port = ready[1].rpartition(":")[2]

    second = await start(port)
    _, complaint = await second.communicate()
    assert second.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in complaint.decode()

    first.send_signal(signal.SIGTERM)
    assert await first.communicate() == (b"", b"")
    assert first.returncode == 0
