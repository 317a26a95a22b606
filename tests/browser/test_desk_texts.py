"""Every text of the desk comes from its catalogue and has room for longer languages, seen in the pseudo-language."""

import asyncio
import os
import re
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page

from infra.catalogues.parts import ROOT, list_parts
from infra.catalogues.pseudo import PSEUDO, write_pseudo_catalogues
from infra.local.ports import find_free_port
from tests.unit.ops.web.conftest import TOKEN

pytestmark = pytest.mark.browser

SHOTS = os.environ.get("SCREENSHOTS")

TEXTS = """() => {
  const shown = [];
  const walker = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const { parentElement, textContent } = walker.currentNode;
    if (!parentElement.closest("script, style, code, pre")) shown.push(textContent);
  }
  for (const name of ["aria-label", "placeholder", "title", "alt"]) {
    for (const element of document.querySelectorAll(`[${name}]`)) shown.push(element.getAttribute(name));
  }
  return shown;
}"""
"""Texts that a reader sees or hears; ids and output of programs are in `code` and `pre`."""

CUT = """() => [...document.querySelectorAll("body *")]
  .filter((element) => !element.closest("svg, .log") && element.scrollWidth > element.clientWidth + 1)
  .filter((element) => getComputedStyle(element).overflowX !== "visible" && element.clientWidth > 0)
  .filter((element) => !["auto", "scroll"].includes(getComputedStyle(element).overflowX) && element.clientWidth > 1)
  .map((element) => element.outerHTML.slice(0, 200))"""

TEXT = re.compile(r"⟦[^⟦⟧]*⟧")
MONTHS = "Jan|January|Mon|Monday|Thursday"
DATE = re.compile(rf"\d{{4}}-\d\d-\d\dT[\d:+]+|\b({MONTHS}),?\b|\b\d+ (?:day|hour|minute|min|sec|hr)s?( ago)?")
NAMES = ("Stride", "Ola", "salon-ania", "command_id", "trace", "timeout", "CSRF", "massage")
"""Names of the product, the operator, ids and log fields; they are the same in every language."""

WIDE = """() => [...document.querySelectorAll("body *")]
  .filter((element) => element.getBoundingClientRect().right > innerWidth)
  .map((element) => element.outerHTML.slice(0, 120)).at(-1)"""

SCREENS = (1280, 390)
"""The widths of a large screen and of a phone, in pixels."""
PAGES = (
    "/",
    "/failures",
    "/failures?state=any&text=x",
    "/failures/f-ania",
    "/failures/f-chat",
    "/failures/f-ania/edit",
    "/failures/f-ania/unmasked",
    "/failures/all?state=open",
    "/failures/nowhere",
    "/today",
    "/today/salon-ania",
    "/today/salon-ania?day=2026-01-01",
    "/today/salon-ania/times",
    "/today/salon-ania/conversations/s-1",
    "/failures/f-ania?said=replayed",
)


@pytest.fixture(scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """Run a desk that also has the pseudo-language; yield its address."""
    folder = tmp_path_factory.mktemp("extra")
    write_pseudo_catalogues(list_parts(), folder)
    port = find_free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.browser.pseudo_desk",
        str(port),
        cwd=ROOT,
        env=os.environ | {"EXTRA_LOCALES": str(folder)},
    )
    try:
        await _answers(process, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()


async def _answers(process: Process, port: int) -> None:
    async with asyncio.timeout(60):
        while True:
            assert process.returncode is None, "the desk did not start"
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.1)
            else:
                writer.close()
                return


@pytest.fixture
async def reader(chromium: Browser, desk: str) -> AsyncIterator[Page]:
    """Open a page in a browser that prefers the pseudo-language."""
    context = await chromium.new_context(extra_http_headers={"accept-language": PSEUDO}, base_url=desk)
    page = await context.new_page()
    yield page
    await context.close()


async def untranslated(page: Page) -> list[str]:
    """Return the texts of a page that are not from a catalogue or are cut off before their closing bracket."""
    found = []
    for text in await page.evaluate(TEXTS):
        rest = DATE.sub("", text)
        while TEXT.search(rest):  # a text may be part of another one
            rest = TEXT.sub("", rest)
        for name in NAMES:
            rest = rest.replace(name, "")
        if re.search(r"[A-Za-z⟦⟧]", rest):
            found.append(text.strip())
    return found


async def faults(page: Page, shot: str) -> list[str]:
    """Return the faults of a page on two screens: wrong language, texts untranslated or cut off, excess width."""
    found = [] if await page.get_attribute("html", "lang") == PSEUDO else ["its language"]
    for width in SCREENS:
        await page.set_viewport_size({"width": width, "height": 900})
        if SHOTS:
            await page.screenshot(path=f"{SHOTS}/pseudo-{shot}-{width}.png", full_page=True)
        found += [f"{width}: not translated: {text}" for text in await untranslated(page)]
        found += [f"{width}: cut off: {element}" for element in await page.evaluate(CUT)]
        if not await page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
            found.append(f"{width}: too wide: {await page.evaluate(WIDE)}")
    return [f"{page.url}: {fault}" for fault in found]


async def submit(page: Page, button: str) -> None:
    """Click, and wait for the page that follows with its styles: `click` waits only until the page begins to load."""
    async with page.expect_navigation(wait_until="load"):
        await page.get_by_test_id(button).click()


async def test_every_page_is_in_the_readers_language(reader: Page):
    """Texts, labels and titles, except ids, dates and visitors' texts. Texts that are 40 % longer are not cut off."""
    await reader.goto("/sign-in")
    found = await faults(reader, "sign-in")
    await reader.get_by_test_id("token").fill("wrong")
    await submit(reader, "sign-in")
    found += await faults(reader, "wrong-token")
    await reader.get_by_test_id("token").fill(TOKEN)
    await submit(reader, "sign-in")
    for action in ("unmask", "edit"):
        await reader.goto("/failures/f-ania")
        await submit(reader, action)
    for field, value in (("service", "9" * 99), ("name", "\x01")):
        await reader.get_by_test_id(f"field-{field}").fill(value)
    await submit(reader, "save")
    found += await faults(reader, "problems")
    for number, address in enumerate(PAGES):
        await reader.goto(address)
        found += await faults(reader, str(number))
    assert "\n".join(found) == ""
