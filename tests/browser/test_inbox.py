"""The inbox of the local stack: e-mails and text messages are parsed, displayed, and never trusted."""

import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from email.message import EmailMessage
from typing import Any

import pytest
from aiohttp import ClientSession, web
from playwright.async_api import BrowserContext, Page, expect

from infra.local.site.inbox import parse_emails, parse_text_messages
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


def config(aws_endpoint_url: str) -> SiteConfig:
    return SiteConfig(websocket_url="ws://127.0.0.1:9/prod", tenant="studio-lumen", aws_endpoint_url=aws_endpoint_url)


def test_emails_newest_first() -> None:
    """E-mails of every account come newest first, with all their recipients."""
    old, new = record("old", Timestamp=1.0), record("new", Timestamp=2.0, CC=["b@example.com"])
    listed = parse_emails({"messages": {"1": [old], "2": [new]}})
    assert [email["id"] for email in listed] == ["new", "old"]
    assert listed[0]["to"] == ["anna@example.com", "b@example.com"]
    assert listed[1]["sent_at"] == "1970-01-01T00:00:01+00:00"


def test_text_messages_by_number() -> None:
    """Text messages come by number, each number's newest first."""
    first, second = text_record("1", "+48600700800", "111111"), text_record("2", "+48600700800", "222222")
    other = text_record("3", "+48600700801", "333333")
    listed = parse_text_messages({"sms_messages": {"+48600700800": [first, second], "+48600700801": [other]}})
    assert [(each["id"], each["to"], each["text"]) for each in listed] == [
        ("2", "+48600700800", "222222"),
        ("1", "+48600700800", "111111"),
        ("3", "+48600700801", "333333"),
    ]
    assert parse_text_messages({}) == []


def test_raw_message_with_attachment() -> None:
    """A whole MIME message, plain or in base64, is parsed into text, HTML and attachments."""
    message = EmailMessage()
    message["Subject"] = "Wizyta potwierdzona"
    message["To"] = "anna@example.com"
    message.set_content("Do zobaczenia.\n")
    message.add_alternative("<p>Do zobaczenia.</p>", subtype="html")
    message.add_attachment(b"BEGIN:VCALENDAR", maintype="text", subtype="calendar", filename="wizyta.ics")
    for data in (message.as_string(), base64.b64encode(message.as_bytes()).decode()):
        (email,) = parse_emails({"messages": {"1": [record("raw", To=[], Subject="", BodyText=data)]}})
        assert (email["subject"], email["text"]) == ("Wizyta potwierdzona", "Do zobaczenia.\n")
        assert email["html"] is not None
        assert email["to"] == ["anna@example.com"]
        (attachment,) = email["attachments"]
        assert (attachment["name"], attachment["content_type"]) == ("wizyta.ics", "text/calendar")
        assert base64.b64decode(attachment["base64"]) == b"BEGIN:VCALENDAR"


@pytest.mark.browser
async def test_inbox_page(page: Page, serve_site: ServeSite, caught: tuple[str, list[dict[str, Any]]]) -> None:
    """The empty inbox has a hint, then it displays what arrives, and runs no script of an e-mail."""
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
    """A text message is displayed with its number, its text and its code to copy; markup in it stays text."""
    endpoint, records = caught
    await page.goto(await serve_site(config(endpoint)) + "/inbox.html")
    await expect(page.get_by_role("heading", name="Text messages")).to_be_hidden()
    records.append(text_record("one", "+48600700800", "482913 to kod <b>Salon</b>"))
    await expect(page.get_by_role("heading", name="Text messages")).to_be_visible()
    await expect(page.get_by_test_id("text-message")).to_contain_text("482913 to kod <b>Salon</b>")
    await expect(page.get_by_test_id("text-message")).to_contain_text("to +48600700800")
    await expect(page.get_by_test_id("code")).to_contain_text("482913")
    await expect(page.get_by_text("No e-mail yet")).to_be_hidden()


async def test_email_page(serve_site: ServeSite, caught: tuple[str, list[dict[str, Any]]]) -> None:
    """The HTML of an e-mail has its own address and policy; an e-mail without HTML is not found."""
    endpoint, records = caught
    records += [record("a/b@c", BodyHtml="<p>ą</p>"), record("plain")]
    site, deaf = await serve_site(config(endpoint)), await serve_site(config("http://127.0.0.1:9"))
    async with ClientSession() as http:
        async with http.get(f"{site}/emails/a%2Fb@c") as response:
            assert (response.status, response.content_type, response.charset) == (200, "text/html", "utf-8")
            assert (await response.text()).endswith("<p>ą</p>")
            policy = [rule.strip() for rule in response.headers["Content-Security-Policy"].split(";")]
            assert policy[:2] == ["sandbox allow-popups allow-popups-to-escape-sandbox", "default-src 'none'"]
            assert response.headers["X-Frame-Options"] == "SAMEORIGIN"
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert response.headers["Cross-Origin-Opener-Policy"] == "unsafe-none"
            assert response.headers["Referrer-Policy"] == "no-referrer"
        for address, status in (
            (f"{site}/emails/plain", 404),
            (f"{site}/emails/no", 404),
            (f"{deaf}/emails/a", 502),
        ):
            async with http.get(address) as missing:
                assert missing.status == status
                assert missing.headers["X-Frame-Options"] == "DENY"


@pytest.mark.browser
async def test_links_of_an_email_open_the_page(
    page: Page, context: BrowserContext, serve_site: ServeSite, caught: tuple[str, list[dict[str, Any]]]
) -> None:
    """A link in the text or in the HTML opens the business's page in a tab of its own, with its scripts."""
    endpoint, records = caught
    site = await serve_site(config(endpoint))
    link = f"{site}/?lang=en#part"
    html = f'<style>a {{ color: rgb(1, 2, 3) }}</style><a style="font-size: 31px" href="{link}">Move the visit</a>'
    records.append(record("one", BodyText=f"Here:\r\n<{link}>\r\n", BodyHtml=html))
    await page.goto(f"{site}/inbox.html")
    await page.get_by_text("As HTML").click()
    sandbox = "allow-popups allow-popups-to-escape-sandbox"
    await expect(page.locator("iframe")).to_have_attribute("sandbox", sandbox)
    in_email = page.frame_locator("iframe").get_by_role("link", name="Move the visit")
    await expect(in_email).to_have_css("color", "rgb(1, 2, 3)")
    await expect(in_email).to_have_css("font-size", "31px")
    for button in (page.get_by_role("link", name=link, exact=True), in_email):
        async with context.expect_page() as opened:
            await button.click()
        tab = await opened.value
        assert tab.url == link
        await expect(tab.locator("h1")).to_have_text("Movement that feels good again.")
        assert await tab.evaluate("opener") is None
    async with context.expect_page() as opened:
        await page.get_by_role("link", name="Open in a new tab").click()
    await expect((await opened.value).get_by_role("link", name="Move the visit")).to_be_visible()


@pytest.mark.browser
async def test_only_web_addresses_in_a_text_are_links(
    page: Page, serve_site: ServeSite, caught: tuple[str, list[dict[str, Any]]]
) -> None:
    """An address ends before the punctuation of the sentence, and everything else stays text."""
    endpoint, records = caught
    text = (
        "See http://127.0.0.1/a?b=1&c=2#d, (https://example.com/x482913/482914y). javascript:alert(1) data:text/html,x "
        "http:// http://[/ xhttp://no.example <a href='http://no.example\">a</a><img src=x onerror=alert(1)>"
    )
    records.append(record("one", Subject="Links", BodyText=text))
    records.append(text_record("two", "+48600700800", "Visit https://example.com/y!"))
    await page.goto(f"{await serve_site(config(endpoint))}/inbox.html")
    email = page.get_by_test_id("email")
    await expect(email.locator("pre")).to_have_text(text)
    addresses = ["http://127.0.0.1/a?b=1&c=2#d", "https://example.com/x482913/482914y", "http://no.example"]
    await expect(email.locator("pre *")).to_have_text(addresses)
    links = await email.locator("pre a").evaluate_all(
        "all => all.map((a) => [a.getAttribute('href'), a.target, a.rel])"
    )
    assert links == [[address, "_blank", "noopener noreferrer"] for address in addresses]
    await expect(page.get_by_test_id("text-message").get_by_role("link")).to_have_text("https://example.com/y")
    await expect(page.get_by_test_id("code")).to_have_count(0)


HOSTILE = """<base href="{beacon}/" target="_top"><meta http-equiv="refresh" content="0;url={beacon}/refresh">
<link rel="stylesheet" href="{beacon}/link"><style>@import "{beacon}/import"; p {{ background: url({beacon}/css) }}</style>
<script>top.document.title = "owned"; localStorage.owned = 1</script><script src="{beacon}/script"></script>
<img src="{beacon}/image" onerror="top.document.title = 'owned'"><iframe src="{beacon}/frame"></iframe>
<form action="{beacon}/form"><button>Send</button></form><a target="_top" href="{beacon}/top">Top</a>
<a rel="opener" href="javascript:(opener ?? top).document.title = 'owned'">Script</a><p>The end</p>"""  # noqa: E501
"""An e-mail with many kinds of attack."""


@pytest.fixture
async def beacon() -> AsyncIterator[tuple[str, list[str]]]:
    """Run a server that nothing should call; yield its address and the paths of its requests."""
    called: list[str] = []

    async def note(request: web.Request) -> web.Response:
        called.append(request.path)
        return web.Response()

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", note)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}", called
    await runner.cleanup()


@pytest.mark.browser
@pytest.mark.parametrize("alone", [False, True], ids=["in the inbox", "in a tab"])
async def test_hostile_email(
    context: BrowserContext,
    serve_site: ServeSite,
    caught: tuple[str, list[dict[str, Any]]],
    beacon: tuple[str, list[str]],
    *,
    alone: bool,
) -> None:
    """An e-mail runs no script, sends no request, and changes neither the inbox nor the site's storage."""
    endpoint, records = caught
    address, called = beacon
    site = await serve_site(config(endpoint))
    records.append(record("one", BodyHtml=HOSTILE.format(beacon=address)))
    page = await context.new_page()  # Not the fixture `page`: its console reports everything that the policy blocks.
    url = f"{site}/emails/one" if alone else f"{site}/inbox.html"
    await page.goto(url)
    title = await page.title()
    if not alone:
        await page.get_by_text("As HTML").click()
    email = page.main_frame if alone else page.frame_locator("iframe")
    await expect(email.get_by_text("The end")).to_be_visible()
    await email.get_by_role("button", name="Send").click()
    await email.get_by_role("link", name="Script").click()
    if not alone:
        await email.get_by_role("link", name="Top").click()
    visit = await context.new_page()
    await visit.goto(site)
    assert await visit.evaluate("localStorage.owned") is None
    assert called == []
    assert (page.url, await page.title()) == (url, title)


@pytest.mark.browser
async def test_attachment_is_saved_and_never_rendered(
    page: Page, serve_site: ServeSite, caught: tuple[str, list[dict[str, Any]]]
) -> None:
    """An attachment is saved under its name; even in a tab of its own it is not rendered as a page of the site."""
    endpoint, records = caught
    message = EmailMessage()
    message.set_content("Do zobaczenia.")
    message.add_attachment(b"<script>alert(1)</script>", maintype="text", subtype="html", filename="wizyta.html")
    records.append(record("one", BodyText=message.as_string()))
    await page.goto(f"{await serve_site(config(endpoint))}/inbox.html")
    link = page.get_by_role("link", name="wizyta.html")
    await expect(link.locator("..")).to_contain_text("text/html, 25 bytes")
    async with page.expect_download() as saved:
        await link.click()
    assert (await saved.value).suggested_filename == "wizyta.html"
    async with page.expect_download():
        await link.evaluate("link => { location = link.href }")
