"""Every state of the widget in a real browser: axe finds nothing, targets are large, and each can be looked at.

`make screenshots` walks through them on every screen and saves a picture of each.
"""

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from axe import find_violations
from booking_script import CODE, SERVICES, BookingScript, slot
from playwright.async_api import Browser, Page, expect
from scripted_backend import Connection, ScriptedBackend
from widget_steps import accept, answer_with, messages, say

from shared.messages import server
from shared.messages.errors import ErrorCode
from tests.deadlines import DEADLINE_SECONDS

pytestmark = pytest.mark.browser

FOLDER = os.environ.get("SCREENSHOTS")
"""Where the pictures are saved; none are without."""
LONG = "Konsultacja fizjoterapeutyczna z oceną postawy, planem ćwiczeń i omówieniem wyników badań obrazowych"
QUESTIONS = (
    server.Question(id="people", kind="number", label="Ile osób?", required=True, minimum=1, maximum=6),
    server.Question(id="first", kind="yes_no", label="Pierwsza wizyta?", required=False),
)
ANSWER = (
    "Wizyta trwa **60 minut** i kosztuje 220 zł.\n\n- przyjdź 5 minut wcześniej\n- weź wyniki badań\n\n"
    "Więcej: [cennik](https://studio-lumen.example/cennik), [studio-lumen.example](https://evil.example/)\n\n"
    "| Wizyta | Czas trwania | Cena w dni robocze |\n|---|---:|---:|\n| Pierwsza | 60 min | **220 zł** |\n\n"
    "> Prosimy o punktualność.\n\n```\nhttps://studio-lumen.example/cennik?adres=ktory-nie-miesci-sie-w-dymku\n```"
)


SMALL_TARGETS = """chat => [...chat.shadowRoot.querySelectorAll("button, input, select, textarea, a[data-testid]")]
    .filter((one) => one.checkVisibility() && !one.closest("[inert]"))
    .map((one) => [one.dataset.testid, one.getBoundingClientRect()])
    .filter(([, { width, height }]) => Math.min(width, height) < 43.5)
    .map(([name, { width, height }]) => `${name} is ${Math.round(width)} by ${Math.round(height)} pixels`)"""
"""Targets of less than 44 pixels (WCAG 2.5.5), but for links within a text."""


@dataclass(frozen=True, slots=True)
class Screen:
    """What a visitor looks at the widget with."""

    width: int = 1280
    height: int = 900
    locale: str = "pl"
    options: dict[str, Any] = field(default_factory=dict)
    """Of the browser's context."""
    theme: str | None = None
    direction: str = "ltr"


PHONE = Screen(390, 844, options={"has_touch": True, "is_mobile": True, "device_scale_factor": 2})
EVERYWHERE = {
    "phone": PHONE,
    "dark": Screen(theme="auto", options={"color_scheme": "dark"}),
}
"""On these, every state is judged whenever the tests are run."""
SCREENS = {
    "desktop-pl": Screen(),
    "desktop-en": Screen(locale="en"),
    "desktop-de": Screen(locale="de"),
    "narrow": replace(PHONE, width=320, height=568),
    "landscape": replace(PHONE, width=640, height=360),
    "zoom-200": Screen(640, 450),
    "zoom-400": Screen(320, 256),
    "forced-colors": Screen(options={"forced_colors": "active", "color_scheme": "dark"}),
    "forced-colors-light": Screen(400, 700, options={"forced_colors": "active"}),
    "rtl": Screen(direction="rtl"),
    "rtl-phone": replace(PHONE, direction="rtl"),
}


@pytest.fixture
def business(backend: ScriptedBackend) -> BookingScript:
    """Script a business that has everything that the form can show."""
    script = BookingScript(backend)
    first = SERVICES[0].model_copy(update={"name": LONG, "price": "od 220 zł", "questions": QUESTIONS})
    script.services = (first, SERVICES[1])
    script.venue = {"address": "ul. Świetlna 14, 31-000 Kraków", "phone": "+48 12 000 01 40"}
    script.contact_kinds = ("email", "phone")
    script.deadline_hours = 12
    script.cancellation_fee = "połowa ceny"
    script.last_date = slot(20, 9).start.date()
    return script


async def walk(page: Page, site: str, backend: ScriptedBackend, business: BookingScript) -> AsyncIterator[str]:
    """Go through a conversation, a booking and what follows; yield the name of each state while the page shows it."""
    yield "launcher"
    await page.get_by_test_id("launcher").click()
    await expect(page.get_by_test_id("disclosure")).to_be_visible()
    yield "greeting"
    async for state in converse(page, backend):
        yield state
    async for state in fill_form(page, backend, business):
        yield state
    async for state in change_visit(page, backend, business):
        yield state
    async for state in follow_link(page, site, business):
        yield state


async def converse(page: Page, backend: ScriptedBackend) -> AsyncIterator[str]:
    """Send messages that are answered, awaited and refused."""
    backend.on["chat.send"] = answer_with(ANSWER)
    await say(page, "Ile kosztuje pierwsza wizyta?")
    await expect(messages(page, "answer")).to_have_attribute("data-state", "final")
    await expect(messages(page, "answer").locator("table")).to_be_visible()
    yield "answered"
    await page.get_by_test_id("judge-down").click()
    await expect(page.get_by_test_id("reason")).to_be_focused()
    yield "judged"
    await page.get_by_test_id("reason-close").click()

    async def keep_waiting(connection: Connection, frame: dict[str, Any]) -> None:
        await accept(connection, frame)
        await connection.send(server.Typing(re=frame["id"]))

    backend.on["chat.send"] = keep_waiting
    await say(page, "A druga?")
    await expect(page.get_by_test_id("typing")).to_be_visible()
    yield "awaited"
    sent = backend.frames("chat.send")[-1]
    data = server.ErrorData(code=ErrorCode.MODEL_BUSY, retryable=True, message="Chwila, dużo pytań.")
    await backend.connections[-1].session.store(server.Error(re=sent["id"], data=data))
    await expect(page.get_by_test_id("notice")).to_be_visible()
    yield "refused"


async def fill_form(page: Page, backend: ScriptedBackend, business: BookingScript) -> AsyncIterator[str]:
    """Book, with every mistake on the way, until the card asks for the code."""
    await page.get_by_test_id("book").click()
    submit = page.get_by_test_id("booking-submit")
    await expect(page.get_by_test_id("booking-service").locator("option")).to_have_count(3)
    yield "form"
    await submit.click()
    await expect(page.get_by_test_id("service-problem")).to_be_visible()
    yield "form-without-service"
    await page.get_by_test_id("booking-service").select_option("consultation")
    await expect(page.get_by_test_id("time").first).to_be_visible()
    await submit.click()
    await expect(page.get_by_test_id("time-problem")).to_be_visible()
    yield "form-with-problems"
    await page.get_by_test_id("later-days").click()
    await expect(page.get_by_test_id("later-days")).to_be_hidden()
    yield "form-horizon"
    await page.get_by_test_id("day").nth(3).click()
    await page.get_by_test_id("time").nth(1).click()
    await page.get_by_test_id("answer-people").fill("2")
    await page.get_by_test_id("booking-name").fill("Anna Nowak")
    await page.get_by_test_id("contact-phone").click()
    yield "form-phone"
    await page.get_by_test_id("contact-email").click()
    await page.get_by_test_id("booking-contact").fill("anna@example.com")
    yield "form-filled"
    create = backend.on["booking.create"]

    async def keep_waiting(connection: Connection, frame: dict[str, Any]) -> None:
        await connection.send(server.Ack(re=frame["id"]))

    backend.on["booking.create"] = keep_waiting
    await submit.click()
    await expect(submit).to_be_disabled()
    yield "form-under-way"
    backend.on["booking.create"] = create
    held = await backend.wait_for("booking.create")
    business.occupied.add(slot(5, 11).start)
    await create(backend.connections[-1], held)
    await expect(page.get_by_test_id("booking-error")).to_be_visible()
    await expect(page.get_by_test_id("time").first).to_be_visible()
    yield "form-taken"
    await page.get_by_test_id("booking-alternative").first.click()
    await expect(page.get_by_test_id("appointment")).to_have_attribute("data-stage", "pending")
    yield "pending"


async def change_visit(page: Page, backend: ScriptedBackend, business: BookingScript) -> AsyncIterator[str]:
    """Confirm the visit, move it, and cancel it."""
    card = page.get_by_test_id("appointment")
    await page.get_by_test_id("code-input").fill("000000")
    await expect(page.get_by_test_id("card-problem")).to_be_visible()
    yield "pending-wrong-code"
    await page.get_by_test_id("code-input").fill(CODE)
    await expect(card).to_have_attribute("data-stage", "confirmed")
    yield "confirmed"
    await page.get_by_test_id("reschedule").click()
    await expect(page.get_by_test_id("time").first).to_be_visible()
    yield "move"
    await page.get_by_test_id("time").last.click()
    await page.get_by_test_id("booking-submit").click()
    await expect(card).to_contain_text("16:00")
    yield "moved"
    await page.get_by_test_id("cancel-appointment").click()
    yield "cancel-question"
    await page.get_by_test_id("cancel-yes").click()
    await expect(card).to_have_attribute("data-stage", "cancelled")
    yield "cancelled"


async def follow_link(page: Page, site: str, business: BookingScript) -> AsyncIterator[str]:
    """Open the link of an e-mail, for a visit that stands and for none."""
    business.state, business.foreign = "confirmed", True
    await page.evaluate("location.hash = '#stride-cancel=eyJwIjoiY2FuY2VsIn0.Zm9yLXRlc3Rz-only_0'")
    await expect(page.get_by_test_id("visit")).to_be_visible()
    yield "link"
    await page.get_by_test_id("visit-cancel").click()
    yield "link-question"
    business.state = None
    await page.evaluate("location.hash = '#stride-move=eyJwIjoibW92ZSJ9.Zm9yLXRlc3Rz-only_0'")
    await expect(page.get_by_test_id("visit")).to_be_hidden()
    yield "link-unknown"


@pytest.mark.parametrize("name", [*EVERYWHERE, *(pytest.param(name, marks=pytest.mark.soak) for name in SCREENS)])
async def test_every_state_is_accessible(
    chromium: Browser, site: str, backend: ScriptedBackend, business: BookingScript, name: str
) -> None:
    """By the rules of axe; targets are large enough, and nothing is wider than the screen."""
    screen = (EVERYWHERE | SCREENS)[name]
    context = await chromium.new_context(
        viewport={"width": screen.width, "height": screen.height},
        locale="pl-PL",
        timezone_id="America/New_York",
        reduced_motion="reduce",
        **screen.options,
    )
    context.set_default_timeout(DEADLINE_SECONDS * 1000)
    page = await context.new_page()
    await page.goto(site)
    await page.evaluate(
        """([locale, theme, direction]) => {
            const chat = document.querySelector("stride-chat");
            document.documentElement.dir = chat.dir = direction;
            if (theme) chat.setAttribute("theme", theme);
            chat.setAttribute("locale", locale);
        }""",
        [screen.locale, screen.theme, screen.direction],
    )
    problems = []
    number = 0
    async for state in walk(page, site, backend, business):
        number += 1
        problems += [f"{state}: {violation}" for violation in await find_violations(page)]
        problems += [f"{state}: {small}" for small in await page.locator("stride-chat").evaluate(SMALL_TARGETS)]
        if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            problems.append(f"{state}: wider than the screen")
        if FOLDER:
            await save(page, Path(FOLDER) / name / f"{number:02}-{state}.png")
    await context.close()
    assert problems == []


async def save(page: Page, path: Path) -> None:
    """Save a picture of what the visitor sees."""
    path.parent.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=path)
