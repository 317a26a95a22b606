"""The chat widget in a real browser: brand colours, the system's scheme, the language and a page in another one."""

import json
from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Locator, Page, expect
from scripted_backend import Connection, ScriptedBackend

from shared.messages import server

pytestmark = pytest.mark.browser
OpenChat = Callable[[Page], Awaitable[Locator]]

COLOURS = [
    *("#17594e", "#000", "#fff", "#ff0", "#f00", "#0f0", "#00f", "#0ff", "#f0f", "#777", "#767676", "#808080"),
    *("#ffeb3b", "#e91e63", "#2196f3", "#4caf50", "#ff9800", "#9c27b0", "#b3261e80", "#ffffff00"),
    *("red", "rebeccapurple", "gold", "hotpink", "navy", "lightgoldenrodyellow", "transparent", "Tomato"),
    *("hsl(210 90% 60%)", "hsl(60, 100%, 50%)", "hsla(120, 60%, 70%, 0.3)", "hwb(194 0% 0%)", "lab(52 40 60)"),
    *("rgb(10 200 30 / 40%)", "oklch(0.9 0.1 100)", "color(display-p3 1 0.2 0)", "color-mix(in srgb, teal, white)"),
    *("nonsense", "#12", "rgb(1,2", "url(x)", "12px", "var(--undefined)", ""),
]
CONTRASTS = """(colours) => {
  const chat = document.querySelector("stride-chat"), root = chat.shadowRoot;
  const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const luminance = (colour) => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = "#123456";
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    const [r, g, b, alpha] = context.getImageData(0, 0, 1, 1).data;
    if (alpha !== 255) return NaN;
    const [x, y, z] = [r, g, b].map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const contrast = (one, other) => {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  return Object.fromEntries(colours.map((colour) => {
    chat.style.setProperty("--stride-chat-brand", colour);
    const pairs = [".head", ".launcher", ".pill"].map((name) => {
      const style = getComputedStyle(root.querySelector(name));
      return contrast(style.backgroundColor, style.color);
    });
    const strong = getComputedStyle(root.querySelector(".pill")).color;
    const log = getComputedStyle(root.querySelector(".panel")).backgroundColor;
    return [colour, Math.min(...pairs, contrast(strong, log)).toFixed(2)];
  }));
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_brand_colours_have_a_readable_foreground(
    page: Page, site: str, open_chat: OpenChat, scheme: str
) -> None:
    """Text on the brand, and the brand as a text, have a contrast of 4.5; what is no colour counts as none."""
    await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
    await page.goto(site)
    await page.evaluate("document.querySelector('stride-chat').removeAttribute('theme')")
    await open_chat(page)
    contrasts = await page.evaluate(CONTRASTS, COLOURS)
    assert len(contrasts) >= 30
    assert {colour: ratio for colour, ratio in contrasts.items() if not float(ratio) >= 4.5} == {}


async def test_the_scheme_follows_the_system_or_the_attribute(page: Page, site: str, open_chat: OpenChat) -> None:
    """Without a theme the system decides; an attribute has precedence."""
    surface = (
        "getComputedStyle(document.querySelector('stride-chat').shadowRoot.querySelector('.panel')).backgroundColor"
    )
    await page.goto(site)
    await open_chat(page)
    found = []
    for theme, scheme in ((None, "light"), (None, "dark"), ("auto", "dark"), ("light", "dark"), ("dark", "light")):
        await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        await page.evaluate(
            f"(chat => {json.dumps(theme)} ? chat.setAttribute('theme', {json.dumps(theme)})"
            " : chat.removeAttribute('theme'))(document.querySelector('stride-chat'))"
        )
        found.append(await page.evaluate(surface))
    light, dark = "rgb(246, 245, 242)", "rgb(20, 25, 24)"
    assert found == [light, dark, dark, light, dark]


async def test_a_page_in_another_language_gets_that_of_the_business(
    page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat
) -> None:
    """It is known from the welcome, at once and on the next page; the parts say in which language they are."""

    async def welcome(connection: Connection, frame: dict[str, object]) -> None:
        data = server.WelcomeData(
            session_id="s",
            session="token-1",
            resume="new",
            disclosure="KI",
            locale="de",
            contact=server.Contact(phone="+49 30 901820"),
        )
        await connection.send(server.Welcome(re=str(frame["id"]), data=data))

    backend.on["hello"] = welcome
    await page.add_init_script(
        """addEventListener("DOMContentLoaded", () => {
             document.documentElement.lang = "ar"; document.documentElement.dir = "rtl";
             document.querySelector("stride-chat").removeAttribute("locale");
           });"""
    )
    await page.goto(site)
    panel = await open_chat(page)
    await expect(panel).to_have_attribute("lang", "de")
    await expect(panel).to_have_attribute("dir", "ltr")
    await expect(page.get_by_test_id("composer-input")).to_have_attribute("aria-label", "Nachricht")
    await page.reload()
    await expect(page.get_by_test_id("panel")).to_have_attribute("lang", "de")
    assert backend.attempts[-1]["locale"] == "de"
    stored = await page.evaluate("localStorage.getItem('stride-chat/studio-lumen/contact')")
    assert json.loads(stored) == {"phone": "+49 30 901820"}
