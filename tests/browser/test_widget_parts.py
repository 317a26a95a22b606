"""What few visitors need is loaded when they need it, and where that fails the widget says so and goes on."""

from collections.abc import Awaitable, Callable

import pytest
from booking_script import SERVICES, BookingScript
from playwright.async_api import Locator, Page, Route, expect
from scripted_backend import ScriptedBackend
from widget_steps import answer_with, messages, say

from shared.messages import server

pytestmark = pytest.mark.browser
OpenChat = Callable[[Page], Awaitable[Locator]]

PEOPLE = server.Question(id="people", kind="number", label="Ile osób?", required=True, minimum=1, maximum=6)
TABLE = "Ceny:\n\n| Usługa | Cena |\n| --- | --: |\n| Konsultacja | 220 zł |\n\n- **Dojazd** w cenie"
FAILED = "Nie udało się tego wczytać. Spróbuj ponownie albo odśwież stronę."


async def fail_requests(page: Page, file: str) -> list[str]:
    """Answer requests for a file with an error until the returned list is cleared."""
    failing = ["yes"]

    async def answer(route: Route) -> None:
        if failing:
            await route.fulfill(status=503)
        else:
            await route.continue_()

    await page.route(f"**/{file}", answer)
    return failing


async def test_a_visit_is_not_booked_without_the_questions_of_its_service(
    page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat
) -> None:
    """Where their fields can't be loaded, sending says so and loads them again; what was filled in stays."""
    script = BookingScript(backend)
    script.services = (SERVICES[0].model_copy(update={"questions": (PEOPLE,)}), SERVICES[1])
    failing = await fail_requests(page, "question-fields.js")
    await page.goto(site)
    await open_chat(page)
    await page.get_by_test_id("book").click()
    await page.get_by_test_id("booking-service").select_option("consultation")
    await page.get_by_test_id("time").first.click()
    await page.get_by_test_id("booking-contact").fill("anna@example.com")
    submit, error = page.get_by_test_id("booking-submit"), page.get_by_test_id("booking-error")
    await submit.click()
    await expect(error).to_have_text("Coś poszło nie tak. Spróbuj ponownie.")
    assert backend.frames("booking.create") == []

    failing.clear()
    await submit.click()
    people = page.get_by_label("Ile osób?")
    await expect(people).to_be_focused()
    await expect(error).to_be_hidden()
    await people.fill("2")
    await submit.click()
    created = await backend.wait_for("booking.create")
    assert created["data"]["answers"] == {"people": "2"}
    assert created["data"]["contact"] == "anna@example.com"


async def test_a_table_is_laid_out_as_soon_as_that_is_loaded(
    page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat
) -> None:
    """The log stays at its end, and the second answer needs no request."""
    backend.on["chat.send"] = answer_with(TABLE)
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url.rpartition("/")[2]))
    await page.goto(site)
    await open_chat(page)
    assert "markdown-further.js" not in requested
    for count in (1, 2):
        await say(page, "Ile to kosztuje?")
        tables = messages(page, "answer").locator("table")
        await expect(tables).to_have_count(count)
        await expect(tables.last.locator("td").last).to_have_css("text-align", "end")
    await expect(page.get_by_test_id("newest")).to_be_hidden()
    assert requested.count("markdown-further.js") == 1


async def test_a_table_that_can_not_be_laid_out_stays_text(
    page: Page, site: str, backend: ScriptedBackend, open_chat: OpenChat
) -> None:
    """Nothing of the answer is lost, and what is around it is laid out."""
    backend.on["chat.send"] = answer_with(TABLE)
    await fail_requests(page, "markdown-further.js")
    await page.goto(site)
    await open_chat(page)
    await say(page, "Ile to kosztuje?")
    answer = messages(page, "answer")
    await expect(answer).to_contain_text("| Konsultacja | 220 zł |")
    await expect(answer.locator("li strong")).to_have_text("Dojazd")
    await expect(page.get_by_test_id("load-failure")).to_have_text(FAILED)
