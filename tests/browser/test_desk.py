"""The desk end to end: an owner repairs failures, and the visitor's open page shows the outcome."""

import os
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Locator, Page, expect

from infra.local.stack import Stack
from tests.deadlines import DEADLINE_SECONDS
from tests.e2e.backstage import Backstage
from tests.e2e.booking import fresh_address
from tests.e2e.command_line import command_line

pytestmark = [pytest.mark.browser, pytest.mark.e2e]

SHOTS = os.environ.get("SCREENSHOTS")
"""The folder for screenshots; without it none are written."""


async def shot(page: Page, name: str) -> None:
    if SHOTS:
        await page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


@pytest.fixture
async def owner(chromium: Browser) -> AsyncIterator[Page]:
    """Open an owner's page in another browser context; uncaught errors and policy violations fail the test."""
    context = await chromium.new_context(locale="en-GB", timezone_id="Europe/Warsaw", reduced_motion="reduce")
    context.set_default_timeout(DEADLINE_SECONDS * 1000)
    page = await context.new_page()
    page_errors: list[str] = []
    page.on("pageerror", lambda error: page_errors.append(str(error)))
    page.on("console", lambda message: page_errors.append(message.text) if message.type == "error" else None)
    yield page
    await context.close()
    assert [text for text in page_errors if "409" not in text and "422" not in text] == []


async def sign_in(page: Page, stack: Stack, *, token: str | None = None) -> str:
    """Sign in with the address that `make up` prints, or with another token; return the base address of the desk."""
    address = stack.describe()["desk_url"]
    await page.goto(address)
    await expect(page.get_by_test_id("token")).to_have_value(stack.describe()["desk_token"])
    assert "#" not in page.url
    if token is not None:
        await page.get_by_test_id("token").fill(token)
    await shot(page, "sign-in")
    await page.get_by_test_id("sign-in").click()
    await expect(page.get_by_test_id("waiting")).to_be_visible()
    return str(address).partition("/sign-in")[0]


async def hold(page: Page, stack: Stack, address: str, *, day: int) -> Locator:
    """Request a booking; return the card that asks for the code."""
    await fill_request(page, stack, address, day=day)
    await page.get_by_test_id("booking-submit").click()
    return page.get_by_test_id("appointment")


async def fill_request(page: Page, stack: Stack, address: str, *, day: int) -> None:
    """Choose a time and fill in the form, without submitting it."""
    await page.goto(stack.describe()["site_url"])
    await page.get_by_test_id("launcher").click()
    await page.get_by_test_id("book").click()
    await page.get_by_test_id("booking-service").select_option("consultation")
    await page.get_by_test_id("day").nth(day).click()
    await page.get_by_test_id("time").first.click()
    await page.get_by_test_id("booking-name").fill("Anna")
    await page.get_by_test_id("booking-contact").fill(address)


async def test_an_owner_repairs_a_booking_and_the_visitor_sees_it(
    page: Page, owner: Page, stack: Stack, backstage: Backstage
):
    """The calendar's key is revoked as a visitor books; the owner replays, and the open widget asks for the code.

    It is revoked again as the visitor types the code: the widget confirms the visit, and the owner replays its event.
    In the end there are one appointment and one event.
    """
    address = fresh_address()
    known = {failure["failure_id"] for failure in backstage.rows("failures")}
    await fill_request(page, stack, address, day=3)
    backstage.control_calendar("keys/revoke")
    try:
        await page.get_by_test_id("booking-submit").click()
        failed = await backstage.failure(lambda candidate: candidate["failure_id"] not in known)

        await sign_in(owner, stack)
        await owner.get_by_role("link", name="Today", exact=True).click()
        await newest(owner).click()
        await owner.get_by_test_id("its-failures").click()
        await expect(owner.get_by_test_id("failure")).to_have_count(1)
        await shot(owner, "failures")
        await owner.get_by_role("link", name="Booking", exact=True).click()
        await expect(owner.get_by_text("The calendar's key was revoked").first).to_be_visible()
        await expect(owner.get_by_test_id("state")).to_have_attribute("data-state", "failed")
        await expect(owner.get_by_test_id("forecast")).to_have_attribute("data-kind", "would_fail")
        await expect(owner.get_by_test_id("lines")).not_to_contain_text(address)
        await shot(owner, "failure")
        await owner.get_by_test_id("unmask").click()
        await expect(owner.get_by_test_id("lines")).to_contain_text(address)
        await expect(owner.get_by_test_id("story")).to_contain_text("operator")
    finally:
        backstage.control_calendar("keys/restore")

    await owner.get_by_test_id("edit").click()
    await expect(owner.get_by_test_id("field-contact")).to_have_value(address)
    await owner.go_back()
    await expect(owner.get_by_test_id("lines")).to_contain_text(address)
    assert await first_card(owner, width=360) == "What a replay would do now"
    assert await first_card(owner, width=1280) == "What happened"
    await owner.get_by_test_id("replay").click()

    await expect(page.get_by_test_id("code-input")).to_be_visible()
    await backstage.failure(
        lambda candidate: candidate["failure_id"] == failed["failure_id"] and candidate["state"] == "resolved"
    )
    await expect(owner.get_by_test_id("state")).to_have_attribute("data-state", "resolved")
    await shot(owner, "resolved")

    code = await backstage.code(address)
    backstage.control_calendar("keys/revoke")
    try:
        await page.get_by_test_id("code-input").fill(code)
        await expect(page.get_by_test_id("stage-confirmed")).to_be_visible()
        await expect(page.get_by_test_id("appointment")).to_have_attribute("data-stage", "confirmed")
        sync = await backstage.failure(lambda candidate: is_sync_of(candidate, failed["session_id"]))
        await owner.goto(owner.url.replace(failed["failure_id"], sync["failure_id"]))
        await expect(owner.get_by_text("Visit in the calendar").first).to_be_visible()
        await expect(owner.get_by_test_id("forecast")).to_have_attribute("data-kind", "would_fail")
    finally:
        backstage.control_calendar("keys/restore")
    await owner.reload()
    await expect(owner.get_by_test_id("forecast")).to_contain_text("The visit would be entered in the calendar.")
    await owner.get_by_test_id("replay").click()
    await expect(owner.get_by_test_id("state")).to_have_attribute("data-state", "resolved")
    [row] = [row for row in backstage.rows("appointments") if row["contact"] == address]
    assert row["state"] == "confirmed"
    assert await backstage.event(row["appointment_id"])


async def first_card(owner: Page, *, width: int) -> str:
    """Return the heading of the first card on a screen: the topmost, and of these the leftmost."""
    await owner.set_viewport_size({"width": width, "height": 800})
    positions = (
        "all => all.map(one => { const box = one.getBoundingClientRect(); return [box.y, box.x, one.innerText] })"
    )
    return str(min(await owner.locator(".card > h2").evaluate_all(positions))[2])


def is_sync_of(failure: dict[str, Any], session_id: str) -> bool:
    """Return whether an event could not be written for a visit of this session."""
    return (failure.get("session_id"), failure.get("type")) == (session_id, "booking.settle_entry")


def newest(owner: Page) -> Locator:
    """Return the link to the newest conversation without a takeover; those with one come first."""
    return owner.locator('[data-testid="conversations"] > li:not(:has([data-testid="taken-over"])) > a').first


async def test_an_owner_answers_a_visitor(page: Page, owner: Page, stack: Stack):
    """The question is on the page of the day, and the widget shows the owner's answer as written by staff."""
    question = "Czy <b>przyjmujecie</b> z psem?"
    await page.goto(stack.describe()["site_url"])
    await page.get_by_test_id("launcher").click()
    await page.get_by_test_id("composer-input").fill(question)
    await page.get_by_test_id("composer-input").press("Enter")
    answers = page.locator('stride-chat [data-testid="message"][data-kind="answer"]')
    await expect(answers.last).to_have_attribute("data-state", "final")

    await sign_in(owner, stack)
    await owner.get_by_role("link", name="Today", exact=True).click()
    await expect(owner.get_by_test_id("conversations")).to_be_visible()
    await shot(owner, "today")
    await newest(owner).click()
    await expect(owner.get_by_test_id("log")).to_contain_text(question)
    await expect(owner.get_by_test_id("listening")).to_contain_text("open now")
    await owner.get_by_test_id("answer").fill("Tak, pies może poczekać w holu.")
    await owner.get_by_test_id("send").click()
    await expect(owner.get_by_test_id("log")).to_contain_text("pies może poczekać")
    await shot(owner, "conversation")

    staff_answer = page.locator('stride-chat [data-testid="message"][data-by="human"]')
    await expect(staff_answer).to_contain_text("pies może poczekać")
    await expect(page.get_by_test_id("connection-status")).to_have_text(re.compile("^Odpowiada "))
    await shot(page, "widget")
    await page.reload()
    # The window was open, so it opens again by itself.
    await expect(page.get_by_test_id("panel")).to_be_visible()
    await expect(staff_answer).to_contain_text("pies może poczekać")


async def test_a_handover_in_two_browsers(page: Page, owner: Page, stack: Stack, tmp_path: Path):
    """A visitor asks for a person, who takes over, types, reads and answers by name, and hands an open question back.

    During the takeover the assistant is silent, messages wait on the page of the day, and booking works.
    """
    await page.goto(stack.describe()["site_url"])
    await page.get_by_test_id("launcher").click()

    async def say(text: str) -> None:
        await page.get_by_test_id("composer-input").fill(text)
        await page.get_by_test_id("composer-input").press("Enter")
        message = page.locator('stride-chat [data-testid="message"][data-kind="said"]', has_text=text)
        await expect(message).to_have_attribute("data-state", "sent")
        await expect(page.get_by_test_id("stop")).to_be_hidden()

    answers = page.locator('stride-chat [data-testid="message"][data-kind="answer"]')
    announcements = page.get_by_test_id("announcement")
    header = page.get_by_test_id("connection-status")
    await say("Przyjmujecie z psem?")
    await expect(answers).to_have_count(1)
    await page.get_by_test_id("person").click()
    await page.get_by_test_id("person-note").fill("Chodzi o mojego psa.")
    await page.get_by_test_id("person-contact").fill("512 345 678")
    await page.get_by_test_id("person-submit").click()
    await expect(announcements.last).to_have_attribute("data-announces", re.compile("handover_(requested|closed)"))
    await shot(page, "person-requested")

    with command_line(stack, tmp_path) as stride:
        issued = await stride("desk", "tokens", "issue", "Ola Kowalska", "--tenant", stack.options.tenant, "--json")
    await sign_in(owner, stack, token=issued.json["token"])
    await owner.get_by_role("link", name="Today", exact=True).click()
    await expect(owner).to_have_title(re.compile(r"^\([1-9]"))
    first = owner.get_by_test_id("conversations").get_by_role("listitem").first
    await expect(first.get_by_test_id("handover-requests")).to_contain_text("Chodzi o mojego psa.")
    await expect(first.get_by_test_id("handover-requests")).to_contain_text("+48512345678")
    await shot(owner, "waits-for-person")
    await first.get_by_role("link").click()
    await owner.get_by_test_id("take-over").click()
    await expect(announcements.last).to_have_attribute("data-announces", "took_over")
    await expect(header).to_have_text("Odpowiada Ola Kowalska")
    await owner.get_by_test_id("answer").press_sequentially("Tak, **pies** ")
    await expect(page.get_by_test_id("typing")).to_contain_text("Ola Kowalska pisze")
    await expect(page.get_by_text("Przeczytano", exact=True).filter(visible=True)).to_have_count(1)
    await shot(page, "person-types")
    await owner.get_by_test_id("answer").press_sequentially("może poczekać w holu.")
    await owner.get_by_test_id("send").click()
    await expect(owner.get_by_test_id("taken-over")).to_contain_text("You are answering; the assistant is silent until")
    await expect(owner.locator(".bubble.human strong")).to_have_text("pies")
    await expect(answers).to_have_count(2)
    await expect(answers.last.locator("strong")).to_have_text("pies")
    await expect(answers.last).to_contain_text("Ola Kowalska")
    await expect(owner.locator(".bubble.human small")).to_have_text("Ola Kowalska")
    await expect(page.get_by_test_id("typing")).to_be_hidden()

    await say("A z kotem?")
    await say("Ile kosztuje konsultacja?")
    await expect(announcements).to_have_count(2)
    await expect(answers).to_have_count(2)
    await page.get_by_test_id("book").click()
    await page.get_by_test_id("booking-service").select_option("consultation")
    await expect(page.get_by_test_id("day").first).to_be_visible()
    await page.keyboard.press("Escape")

    await owner.get_by_role("link", name="Today", exact=True).click()
    first = owner.get_by_test_id("conversations").get_by_role("listitem").first
    await expect(first.get_by_test_id("written-meanwhile")).to_contain_text("A z kotem?")
    await expect(first.get_by_test_id("written-meanwhile")).to_contain_text("Ile kosztuje konsultacja?")
    await expect(first.get_by_test_id("open-question")).to_be_visible()
    await shot(owner, "taken-over")
    await first.get_by_test_id("hand-back").click()
    await expect(owner.get_by_test_id("take-over")).to_be_visible()
    await expect(owner.get_by_test_id("story")).to_contain_text("Handed back by Ola Kowalska")
    await expect(answers).to_have_count(3)
    await expect(answers.last).to_contain_text("zł")
    await expect(answers.last).to_have_attribute("data-by", "assistant")
    await expect(announcements.last).to_have_attribute("data-announces", "handed_back")
    await expect(header).to_have_text("Asystent AI")
    await shot(owner, "handed-back")
    await shot(page, "open-question-answered")

    await owner.get_by_test_id("take-over").click()
    await expect(announcements.last).to_have_attribute("data-announces", "took_over")
    await say("Dziękuję!")
    await expect(answers).to_have_count(3)


async def test_every_action_works_without_javascript(chromium: Browser, stack: Stack, backstage: Backstage):
    """Sign-in, replay and discard work with plain forms."""
    backstage.send("booking", '{"not": "a command"', group="without-javascript")
    broken = await backstage.failure(lambda candidate: candidate.get("group") == "without-javascript")
    context: BrowserContext = await chromium.new_context(java_script_enabled=False, locale="pl-PL")
    page = await context.new_page()
    description = stack.describe()
    desk = description["desk_url"].partition("/sign-in")[0]
    await page.goto(f"{desk}/failures/{broken['failure_id']}")
    await page.get_by_test_id("token").fill(description["desk_token"])
    await page.get_by_test_id("sign-in").click()
    await expect(page.get_by_role("heading", name="Nieczytelna wiadomość")).to_be_visible()
    await page.get_by_test_id("replay").click()
    await expect(page.get_by_test_id("problem")).to_contain_text("Nie da się jej odczytać")
    await page.get_by_test_id("discard-reason").fill("To nie była wiadomość")
    await page.get_by_test_id("discard").click()
    await expect(page.get_by_test_id("state")).to_have_attribute("data-state", "discarded")
    await expect(page.get_by_test_id("story")).to_contain_text("To nie była wiadomość")
    await page.get_by_test_id("sign-out").click()
    await expect(page.get_by_test_id("said")).to_be_visible()
    await page.goto(f"{desk}/failures")
    await expect(page.get_by_test_id("token")).to_be_visible()
    await context.close()
