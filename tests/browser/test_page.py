"""The demo page on the real path: Chromium, WebSocket API, queues, pools, stand-ins."""

import re

import pytest
from playwright.async_api import Page, expect

from infra.local.stack import Stack
from tests.e2e.backstage import Backstage
from tests.e2e.booking import fresh_address

pytestmark = [pytest.mark.browser, pytest.mark.e2e]


async def open_page(page: Page, stack: Stack) -> None:
    await page.goto(stack.describe()["site_url"])
    await page.get_by_test_id("launcher").click()
    await expect(page.get_by_test_id("composer-input")).to_be_enabled()


async def ask(page: Page, text: str) -> None:
    await page.get_by_test_id("composer-input").fill(text)
    await page.get_by_test_id("composer-input").press("Enter")


async def test_a_visitor_chats_and_finds_the_conversation_after_a_reload(page: Page, stack: Stack):
    """The answer is streamed, comes from the knowledge base, and is displayed again after a reload."""
    await open_page(page, stack)
    await ask(page, "Ile kosztuje konsultacja?")
    answer = page.get_by_test_id("message").and_(page.locator('[data-kind="answer"]')).last
    await expect(answer).to_contain_text("zł")
    await expect(page.get_by_test_id("typing")).to_be_hidden()
    text = await answer.inner_text()

    await page.reload()
    # The window was open, so it opens again by itself.
    await expect(page.get_by_test_id("panel")).to_be_visible()

    await expect(page.get_by_test_id("message").first).to_contain_text("Ile kosztuje konsultacja?")
    again = page.get_by_test_id("message").and_(page.locator('[data-kind="answer"]')).last
    await expect(again).to_contain_text(text.splitlines()[0][:40])


async def test_a_visitor_books_from_the_request_to_the_confirmation(page: Page, stack: Stack, backstage: Backstage):
    """A request in words opens the form; a free time and the code from the inbox confirm the appointment."""
    address = fresh_address()
    await open_page(page, stack)
    await ask(page, "Chcę umówić wizytę")
    await page.get_by_test_id("offer-booking").last.click()
    await page.get_by_test_id("booking-service").select_option("consultation")
    await page.get_by_test_id("day").last.click()
    await page.get_by_test_id("time").last.click()
    await page.get_by_test_id("booking-name").fill("Anna")
    await page.get_by_test_id("booking-contact").fill(address)
    await page.get_by_test_id("booking-submit").click()
    await expect(page.get_by_test_id("code-input")).to_be_visible()

    inbox = await page.context.new_page()
    await inbox.goto(f"{stack.describe()['site_url']}/inbox.html")
    await expect(inbox.get_by_text(address).first).to_be_visible()
    code = await backstage.code(address)
    await expect(inbox.get_by_text(re.compile(code)).first).to_be_visible()
    await inbox.close()

    await page.get_by_test_id("code-input").fill(code)
    await expect(page.get_by_test_id("stage-confirmed")).to_be_visible()
    [row] = [row for row in backstage.rows("appointments") if row["contact"] == address]
    assert row["state"] == "confirmed"
    assert await backstage.event(row["appointment_id"])
