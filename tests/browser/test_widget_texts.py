"""Every text of the widget comes from its catalogue and has room for longer languages, seen in the pseudo-language."""

import json
import re
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import pytest
from booking_script import CODE, LINKS, SERVICES, BookingScript
from playwright.async_api import Browser, Locator, Page, Route, expect
from scripted_backend import DISCLOSURE, ScriptedBackend

from infra.catalogues.compiling import render_index
from infra.catalogues.parts import ROOT, list_parts
from infra.catalogues.pseudo import PSEUDO, write_pseudo_catalogues
from shared.messages import server

pytestmark = pytest.mark.browser
OpenChat = Callable[[Page], Awaitable[Locator]]

TEXT = re.compile(r"⟦[^⟦⟧]*⟧")

VISIBLE_TEXTS = """() => {
  const root = document.querySelector("stride-chat").shadowRoot;
  const texts = [];
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const { parentElement, textContent } = walker.currentNode;
    if (parentElement.checkVisibility()) texts.push(textContent);
  }
  for (const name of ["aria-label", "placeholder", "title", "alt"]) {
    for (const element of root.querySelectorAll(`[${name}]`)) texts.push(element.getAttribute(name));
  }
  return texts;
}"""

DATE_WORDS = """() => {
  const formats = ["long", "short"].flatMap((style) => [
    new Intl.DateTimeFormat("qps", { weekday: style }),
    new Intl.DateTimeFormat("qps", { month: style }),
    new Intl.DateTimeFormat("qps", { day: "numeric", month: style }),
  ]);
  const days = Array.from({ length: 366 }, (_, day) => new Date(Date.now() + day * 86_400_000));
  globalThis.dateWords ??= [...new Set(formats.flatMap((format) => days.map((day) => format.format(day))))];
  return globalThis.dateWords;
}"""

SCREENS = (1280, 360)
"""The widths of a large screen and of a small phone, in pixels."""

BUSINESS_WORDS = (
    *(service.name for service in SERVICES),
    *DISCLOSURE.values(),
    "Studio Lumen",
    "Europe/Warsaw",
    "a***@e***.com",
    "Αννα",
)
"""Texts of the business or of a visitor; they are the same in every language."""

CUT_OFF = """() => [...document.querySelector("stride-chat").shadowRoot.querySelectorAll("*")]
  .filter((element) => element.checkVisibility() && !element.closest("svg, .unseen, .days, .scroller > *"))
  .filter((element) => element.clientWidth > 1 && element.scrollWidth > element.clientWidth + 1)
  .filter((element) => ["hidden", "clip"].includes(getComputedStyle(element).overflowX))
  .map((element) => element.outerHTML.slice(0, 160))"""


@pytest.fixture(scope="module")
def pseudo_catalogue(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the widget's catalogue in the pseudo-language, as packaging writes it."""
    folder = tmp_path_factory.mktemp("pseudo")
    write_pseudo_catalogues([part for part in list_parts() if part.sources == ROOT / "widget"], folder)
    return (folder / "widget" / "locales" / f"{PSEUDO}.js").read_text(encoding="utf-8")


@pytest.fixture
async def page(chromium: Browser, pseudo_catalogue: str):
    """Open a page whose widget has only the pseudo-language."""
    context = await chromium.new_context(locale="en-GB", reduced_motion="reduce")

    folder = ROOT / "widget"
    texts = json.loads(pseudo_catalogue.removeprefix("export default ").removesuffix(";\n"))
    replaced = {
        # The widget falls back to Polish; the page names it until its script has run.
        "locales/languages.js": render_index({"pl": texts, PSEUDO: texts}).decode(),
        f"locales/{PSEUDO}.js": pseudo_catalogue,
    }

    async def answer(route: Route) -> None:
        """Serve the modules, because a bundle holds the list of its languages."""
        module = urlsplit(route.request.url).path.removeprefix("/widget/")
        body = replaced.get(module) or (folder / module).read_text(encoding="utf-8")
        await route.fulfill(content_type="text/javascript", body=body)

    await context.route("**/widget/**", answer)
    await context.add_init_script(
        "document.addEventListener('DOMContentLoaded', () => {"
        f"  document.querySelector('stride-chat').setAttribute('locale', '{PSEUDO}');"
        "  document.querySelector('stride-chat').setAttribute('suggestions', '');"
        "});"
    )
    yield await context.new_page()
    await context.close()


async def faults(page: Page, step: str) -> list[str]:
    """Return the texts that are cut off or not from a catalogue, on a large screen and on a phone."""
    found = []
    for width in SCREENS:
        await page.set_viewport_size({"width": width, "height": 800})
        found += await _faults_on_screen(page, f"{step} ({width})")
    return found


async def _faults_on_screen(page: Page, step: str) -> list[str]:
    words = sorted([*BUSINESS_WORDS, *await page.evaluate(DATE_WORDS)], key=len, reverse=True)
    found = []
    for text in await page.evaluate(VISIBLE_TEXTS):
        rest = text
        for word in words:
            rest = rest.replace(word, "")
        while TEXT.search(rest):  # a text may be part of another one
            rest = TEXT.sub("", rest)
        rest = re.sub(r"\bGMT\b|\bCentral European (Standard|Summer) Time\b", "", rest)
        if re.search(r"[^\W\d_]|[⟦⟧]", rest):
            found.append(f"{step}: not translated: {text.strip()}")
    return [*found, *(f"{step}: cut off: {element}" for element in await page.evaluate(CUT_OFF))]


async def test_every_state_is_in_the_visitors_language(
    page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat
) -> None:
    """From the launcher to a message, a booking and a cancelled visit; texts that are 40 % longer are not cut off."""
    business = BookingScript(backend)
    await page.goto(site)
    await expect(page.get_by_test_id("launcher")).to_be_visible()
    found = await faults(page, "launcher")
    await open_chat(page)
    found += await faults(page, "empty conversation")

    await page.get_by_test_id("composer-input").fill("👋" * 3990)
    found += await faults(page, "nearly too long")
    await page.get_by_test_id("composer-input").fill("👋" * 4001)
    found += await faults(page, "too long")
    await page.get_by_test_id("composer-input").fill("123")
    await page.get_by_test_id("send").click()
    sent = await backend.wait_for("chat.send")
    session = next(iter(backend.sessions.values()))
    await session.post(server.Ack(re=sent["id"]))
    found += await faults(page, "waiting for the answer")
    offer = server.OfferBooking(service="consultation")
    await session.store(server.ChatSent(re=sent["id"], data=server.ChatSentData(text="123")))
    final = server.ChatFinalData(text="456", actions=(offer,), stopped=True)
    await session.store(server.ChatFinal(re=sent["id"], data=final))
    await expect(page.get_by_test_id("offer-booking")).to_be_visible()
    found += await faults(page, "answered")

    await page.get_by_test_id("book").click()
    await page.get_by_test_id("booking-submit").click()
    found += await faults(page, "no service")
    await page.get_by_test_id("booking-service").select_option("consultation")
    await expect(page.get_by_test_id("time").first).to_be_visible()
    await page.get_by_test_id("booking-submit").click()
    found += await faults(page, "no time")
    await page.get_by_test_id("time").first.click()
    await page.get_by_test_id("booking-submit").click()
    found += await faults(page, "no contact")
    await page.get_by_test_id("booking-name").fill("Αννα")
    await page.get_by_test_id("booking-contact").fill("anna@example.com")
    await page.get_by_test_id("booking-submit").click()
    card = page.get_by_test_id("appointment")
    await expect(card).to_have_attribute("data-stage", "pending")
    found += await faults(page, "held")
    await page.get_by_test_id("code-resend").click()
    await expect(page.get_by_test_id("code-sent")).to_contain_text("ñëw")
    found += await faults(page, "another code")
    await page.get_by_test_id("code-input").fill(CODE)
    await expect(card).to_have_attribute("data-stage", "confirmed")
    found += await faults(page, "confirmed")
    await page.get_by_test_id("reschedule").click()
    await expect(page.get_by_test_id("time").first).to_be_visible()
    found += await faults(page, "another time")
    await page.get_by_test_id("booking-back").click()
    await page.get_by_test_id("cancel-appointment").click()
    found += await faults(page, "cancel?")
    await page.get_by_test_id("cancel-yes").click()
    await expect(card).to_have_attribute("data-stage", "cancelled")
    found += await faults(page, "cancelled")

    business.state = "confirmed"
    await page.goto(f"{site}/#stride-cancel={LINKS['cancel']}")
    await expect(page.get_by_test_id("visit")).to_have_attribute("data-state", "confirmed")
    found += await faults(page, "a link")
    await page.get_by_test_id("visit-cancel").click()
    found += await faults(page, "cancel by a link?")
    assert "\n".join(found) == ""
