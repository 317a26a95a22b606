"""The chat widget in a real browser, against a scripted backend: questions of the business in the booking form."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from booking_script import SERVICES, BookingScript
from playwright.async_api import Locator, Page, expect
from scripted_backend import Connection, ScriptedBackend
from widget_steps import confirm

from shared.messages import server
from shared.messages.errors import ErrorCode

pytestmark = pytest.mark.browser
OpenChat = Callable[[Page], Awaitable[Locator]]

CHOICES = (server.Choice(id="back", label="plecy"), server.Choice(id="knee", label="kolano <b>"))
PEOPLE = server.Question(id="people", kind="number", label="Ile osób?", required=True, minimum=1, maximum=6)
QUESTIONS = (
    PEOPLE,
    server.Question(id="area", kind="choice", label="Co boli <i>?", required=True, choices=CHOICES),
    server.Question(id="first", kind="yes_no", label="Pierwsza wizyta?", required=False),
    server.Question(id="wishes", kind="text", label="Życzenia", required=False, max_characters=40),
)


@pytest.fixture
def business(backend: ScriptedBackend) -> BookingScript:
    """Script a business that asks those who book its first service."""
    script = BookingScript(backend)
    script.services = (SERVICES[0].model_copy(update={"questions": QUESTIONS}), SERVICES[1])
    return script


async def open_form(page: Page, site: str, open_chat: OpenChat, service: str = "consultation") -> None:
    """Open the form, choose the first free time of a service, and give a contact."""
    await page.goto(site)
    await open_chat(page)
    await page.get_by_test_id("book").click()
    await page.get_by_test_id("booking-service").select_option(service)
    await page.get_by_test_id("time").first.click()
    await page.get_by_test_id("booking-contact").fill("anna@example.com")


async def test_questions_are_asked_and_answered(
    page: Page, site: str, backend: ScriptedBackend, business: BookingScript, open_chat: OpenChat
) -> None:
    """Each question has its label and a sentence below a wrong answer; nothing is sent until all are right."""
    await open_form(page, site, open_chat)
    people, submit = page.get_by_label("Ile osób?"), page.get_by_test_id("booking-submit")
    await expect(page.get_by_label("Pierwsza wizyta? (opcjonalnie)").locator("option")).to_have_text(
        ["Wybierz odpowiedź", "Tak", "Nie"]
    )
    await expect(page.get_by_label("Co boli <i>?").locator("option").last).to_have_text("kolano <b>")
    await expect(page.get_by_label("Życzenia (opcjonalnie)")).to_have_attribute("maxlength", "40")
    for typed, sentence in (("", "Odpowiedz na to pytanie."), ("7", "Podaj liczbę całkowitą od 1 do 6.")):
        await people.fill(typed)
        await submit.click()
        await expect(people).to_be_focused()
        await expect(people).to_have_attribute("aria-invalid", "true")
        await expect(people).to_have_accessible_description(sentence)
    await people.fill("2")
    await expect(people).not_to_have_attribute("aria-invalid", "true")
    await page.get_by_label("Co boli <i>?").select_option("knee")
    await page.get_by_label("Pierwsza wizyta?").select_option("no")
    assert backend.frames("booking.create") == []
    await submit.click()
    created = await backend.wait_for("booking.create")
    assert created["data"]["answers"] == {"people": "2", "area": "knee", "first": "no"}


async def test_only_the_chosen_service_has_its_questions(
    page: Page, site: str, backend: ScriptedBackend, business: BookingScript, open_chat: OpenChat
) -> None:
    """Another service sends no answers, and a visit that is moved is not asked again."""
    await open_form(page, site, open_chat)
    await page.get_by_test_id("answer-people").fill("2")
    await page.get_by_test_id("booking-service").select_option("therapy")
    await expect(page.get_by_test_id("questions")).to_be_hidden()
    await page.get_by_test_id("time").first.click()
    await page.get_by_test_id("booking-submit").click()
    created = await backend.wait_for("booking.create")
    assert "answers" not in created["data"]


async def test_a_moved_visit_is_not_asked_again(
    page: Page, site: str, backend: ScriptedBackend, business: BookingScript, open_chat: OpenChat
) -> None:
    """The form to move a visit shows times alone."""
    business.services = SERVICES
    await confirm(page, site, open_chat)
    business.services = (SERVICES[0].model_copy(update={"questions": QUESTIONS}), SERVICES[1])
    await page.get_by_test_id("reschedule").click()
    await page.get_by_test_id("time").nth(1).click()
    await expect(page.get_by_test_id("questions")).to_be_hidden()
    await page.get_by_test_id("booking-submit").click()
    await backend.wait_for("booking.reschedule")


async def test_a_form_that_is_older_than_a_question_gets_it(
    page: Page, site: str, backend: ScriptedBackend, business: BookingScript, open_chat: OpenChat
) -> None:
    """The server refuses the request for want of an answer; the next one has it. A refused answer is marked."""
    business.services = SERVICES
    create = backend.on["booking.create"]
    message = "Prosimy o odpowiedź na to pytanie: „Ile osób?”."

    async def refuse(connection: Connection, frame: dict[str, Any]) -> None:
        await connection.send(server.Ack(re=frame["id"]))
        business.services = (SERVICES[0].model_copy(update={"questions": (PEOPLE,)}), SERVICES[1])
        given = frame["data"].get("answers", {}).get("people")
        if given == "3":
            await create(connection, frame)
            return
        detail = f"data.answers.people: answer_{'invalid' if given else 'missing'}"
        data = server.ErrorData(code=ErrorCode.BAD_FRAME, retryable=False, message=message, detail=detail)
        await connection.session.store(server.Error(re=frame["id"], data=data))

    backend.on["booking.create"] = refuse
    await open_form(page, site, open_chat)
    submit, people = page.get_by_test_id("booking-submit"), page.get_by_test_id("answer-people")
    await submit.click()
    await expect(page.get_by_test_id("booking-error")).to_have_text(message)
    await people.fill("2")
    await page.get_by_test_id("time").first.click()
    await submit.click()
    await expect(people).to_be_focused()
    await expect(people).to_have_accessible_description("Popraw tę odpowiedź.")
    await people.fill("3")
    await submit.click()
    await expect(page.get_by_test_id("appointment")).to_have_attribute("data-stage", "pending")
    assert backend.frames("booking.create")[-1]["data"]["answers"] == {"people": "3"}
