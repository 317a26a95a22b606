"""What visitors, models, documents and businesses write never runs in the page, and never makes it load anything."""

import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from booking_script import BookingScript
from playwright.async_api import expect
from widget_steps import messages

from infra.local.site.server import SiteConfig
from shared.messages import server

WIDGET_TESTS = Path(__file__).parents[1] / "widget"
HOSTILE = [one["text"] for one in json.loads((WIDGET_TESTS / "hostile_texts.json").read_text(encoding="utf-8"))]
SLOW = json.loads((WIDGET_TESTS / "slow_markdown.json").read_text(encoding="utf-8"))
FRAME_CHARACTERS = 24 * 1024

FIND_FOREIGN_CONTENT = """() => {
  const root = document.querySelector("stride-chat").shadowRoot;
  const tags = new Set(`a article bdi blockquote br button code dd div dl dt em fieldset form h2 h3 hr i input label
    legend li ol optgroup option p path pre s section select span strong svg table td textarea th time tr
    ul`.split(/\\s+/));
  const schemes = new Set(["http:", "https:", "mailto:", "tel:", "blob:"]);
  const isForeign = (node) =>
    !tags.has(node.localName) ||
    [...node.attributes].some(({ name, value }) =>
      (name === "style" && node.localName !== "section") ||
      /^on|^src|^action$|^formaction$|^ping$/.test(name) ||
      (name === "href" && !schemes.has(new URL(value, "x:").protocol)));
  return [...root.querySelectorAll("*")].filter(isForeign).map((node) => node.outerHTML.slice(0, 200));
}"""


@pytest.fixture(params=["strict policy", "no policy"])
async def context(request, chromium):
    """Open a browser context in which the page's Content-Security-Policy holds, or does not."""
    context = await chromium.new_context(bypass_csp=request.param == "no policy", reduced_motion="reduce")
    yield context
    await context.close()


@pytest.fixture
async def foreign_requests(page, site):
    """Collect what the page requests beside its own site, and the dialogs that it opens."""
    found = []
    page.on("request", lambda one: None if _is_own(one.url, site) else found.append(one.url))
    page.on("dialog", lambda dialog: found.append(dialog.message))
    return found


def _is_own(url, site):
    parts = urlsplit(url)
    return parts.scheme in {"data", "blob"} or parts.netloc == urlsplit(site).netloc


async def check_page(page, foreign_requests):
    """Nothing has run, nothing was requested, and there are only elements that the widget makes."""
    assert await page.evaluate("window.__ran") is None
    assert await page.evaluate(FIND_FOREIGN_CONTENT) == []
    assert foreign_requests == []


async def test_nothing_runs_of_messages_answers_and_documents(page, site, backend, open_chat, foreign_requests):
    """A hundred and forty texts, as visitors' messages, growing and final answers, titles of documents and links."""
    await page.goto(site)
    await open_chat(page)
    await backend.wait_for("hello")
    session = backend.connections[0].session
    for number, text in enumerate(HOSTILE):
        re = f"m{number}"
        await session.store(server.ChatSent(re=re, data=server.ChatSentData(text=text)))
        await session.post(server.ChatDelta(re=re, data=server.ChatDeltaData(offset=0, text=text)))
        links = (server.ContactLink(text="voucher", href=text), server.ContactLink(text=text[:40], href=text))
        data = server.ChatFinalData(text=f"{text}\n\nA voucher", sources=(text,), links=links)
        await session.store(server.ChatFinal(re=re, data=data))
        await session.store(server.ChatFinal(data=server.ChatFinalData(text=text, by="human")))
    await expect(messages(page, "answer")).to_have_count(2 * len(HOSTILE))
    assert await page.locator(".said-text").all_text_contents() == HOSTILE
    await check_page(page, foreign_requests)


async def test_nothing_runs_of_names_and_refusals(page, site, backend, open_chat, foreign_requests):
    """Of businesses, services, prices, addresses, questions, masked contacts, and errors."""
    script = BookingScript(backend)
    question = server.Question(
        id="q",
        kind="choice",
        label=HOSTILE[3],
        required=False,
        choices=tuple(server.Choice(id=f"c{n}", label=text) for n, text in enumerate(HOSTILE)),
    )
    script.services = tuple(
        server.ServiceOffer(
            id=f"s{number}", name=text, duration_minutes=30, price=text, questions=(question,) if number == 0 else None
        )
        for number, text in enumerate(HOSTILE)
    )
    script.venue = {"address": HOSTILE[0], "phone": HOSTILE[1]}
    script.contact = HOSTILE[3]
    await page.goto(site)
    await page.locator("stride-chat").evaluate(
        "(widget, [business, suggestions]) => {"
        " widget.setAttribute('business', business); widget.setAttribute('suggestions', suggestions); }",
        [HOSTILE[2], "|".join(HOSTILE)],
    )
    await open_chat(page)
    await page.get_by_test_id("book").click()
    await page.get_by_test_id("booking-service").select_option("s0")
    await page.get_by_test_id("time").first.click()
    await page.get_by_test_id("booking-contact").fill("anna@example.com")
    await page.get_by_test_id("booking-submit").click()
    await expect(page.get_by_test_id("appointment")).to_have_attribute("data-stage", "pending")
    session = backend.connections[0].session
    for number, text in enumerate(HOSTILE):
        data = server.ErrorData(code="MODEL_BUSY", retryable=False, message=text)
        await session.store(server.Error(re=f"e{number}", data=data))
    await expect(page.get_by_test_id("notice")).to_have_count(len(HOSTILE))
    await check_page(page, foreign_requests)


PREPARE = """async () => {
  const [{ renderMarkdown }, { conversationCss }] = await Promise.all(
    [import("/markdown.js"), import("/styles/conversation.js")]);
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(conversationCss);
  document.adoptedStyleSheets = [sheet];
  window.show = (text) => {
    const bubble = document.createElement("div");
    bubble.className = "answer-text";
    document.body.replaceChildren(bubble);
    renderMarkdown(bubble, text);
    bubble.getBoundingClientRect();
  };
}"""


async def test_hostile_markdown_is_laid_out_in_time(page, backend, serve_site):
    """24 KB of each kind take less than 50 ms of the page's processor time to be parsed and laid out."""
    config = SiteConfig(websocket_url=backend.url, tenant="studio-lumen", aws_endpoint_url="http://127.0.0.1:9")
    await page.goto(f"{await serve_site(config, WIDGET_TESTS.parents[1] / 'widget')}/markdown.js")
    await page.set_viewport_size({"width": 320, "height": 640})
    await page.evaluate(PREPARE)
    inspector = await page.context.new_cdp_session(page)
    # Of the thread, so that it is the same while other processes use the processor.
    await inspector.send("Performance.enable", {"timeDomain": "threadTicks"})

    async def measure_ms(text):
        before = await read_busy_seconds(inspector)
        await page.evaluate("text => window.show(text)", text)
        return 1000 * (await read_busy_seconds(inspector) - before)

    found = {}
    for part in SLOW:
        text = part * (FRAME_CHARACTERS // len(part))
        found[part] = min([await measure_ms(text) for _ in range(2)])
    assert {part: ms for part, ms in found.items() if not 0 < ms < 50} == {}


async def read_busy_seconds(inspector):
    """Return how long the page has worked so far."""
    metrics = (await inspector.send("Performance.getMetrics"))["metrics"]
    return next(each["value"] for each in metrics if each["name"] == "TaskDuration")
