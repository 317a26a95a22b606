"""What visitors can do with answers, and how they are laid out."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import expect
from widget_steps import accept, messages, say

from shared.messages import server

RICH = """## Prices

| Service | Duration | Price of a visit on weekdays | Price of a visit on weekends |
|---|---:|---:|---:|
| Consultation | 45 min | 150 | 200 |
| Deep tissue massage | 90 min | 260 | 310 |

> Please come five minutes earlier.

1. Choose a service
   - for one
   - for two
2. Book

```
https://salon.example/a-very-long-address-that-does-not-fit-into-the-bubble?with=parameters
```
Call +48 600 100 200 or [salon.example](https://evil.example/)."""
LINKS = (server.ContactLink(text="+48 600 100 200", href="tel:+48600100200"),)


@pytest.fixture
def answer(backend):
    """Return a function that makes the backend answer each message with these fields."""

    def set_answer(**fields):
        async def reply(connection, frame):
            await accept(connection, frame)
            await connection.session.store(server.ChatFinal(re=frame["id"], data=server.ChatFinalData(**fields)))

        backend.on["chat.send"] = reply

    return set_answer


@pytest.mark.parametrize("width", [1000, 320])
async def test_an_answer_is_laid_out_inside_its_bubble(page, site, answer, open_chat, width):
    """Only what is too wide scrolls, by itself; the real host of a link with another name is displayed."""
    await page.set_viewport_size({"width": width, "height": 640})
    answer(text=RICH, links=LINKS)
    await page.goto(site)
    await open_chat(page)
    await say(page, "Prices?")
    bubble = messages(page, "answer")
    await expect(bubble.locator("th")).to_have_count(4)
    await expect(bubble.locator("td").nth(2)).to_have_text("150")
    await expect(bubble.locator("ol ul li")).to_have_count(2)
    await expect(bubble.locator("blockquote p")).to_be_visible()
    await expect(bubble.get_by_role("link", name="+48 600 100 200")).to_have_attribute("href", "tel:+48600100200")
    await expect(bubble.locator("bdi")).to_have_text("(evil.example)")
    widths = await bubble.evaluate(
        """bubble => ({
          log: [...bubble.closest(".scroller").children].every((child) => child.scrollWidth <= child.clientWidth + 1),
          inside: [...bubble.querySelectorAll(".wide")].every(
            (wide) => wide.getBoundingClientRect().right <= bubble.getBoundingClientRect().right),
          scrolls: bubble.querySelector(".wide").scrollWidth > bubble.querySelector(".wide").clientWidth,
        })"""
    )
    assert widths == {"log": True, "inside": True, "scrolls": True}


async def test_messages_have_times_and_days_have_headings(page, site, backend, answer, open_chat):
    """In the visitor's zone; a conversation that begins today has no heading, and frames without a time have none."""
    await page.goto(site)
    await open_chat(page)
    hello = await backend.wait_for("hello")
    now = datetime.fromisoformat(await page.evaluate("new Date().toISOString()"))
    session = backend.connections[0].session
    for text, days in (("Old", 3), ("Yesterday's", 1), ("Today's", 0)):
        frame = server.ChatFinal(re=text[0], data=server.ChatFinalData(text=text))
        await session.store(frame.model_copy(update={"at": now - timedelta(days=days)}))
    await session.store(server.ChatFinal(re="n", data=server.ChatFinalData(text="Without")))
    await expect(messages(page, "answer")).to_have_count(4)
    headings = page.get_by_test_id("date")
    await expect(headings).to_have_count(3)
    words = {"pl": ("Wczoraj", "Dzisiaj"), "en": ("Yesterday", "Today")}[hello["data"]["locale"]]
    assert tuple((await headings.all_text_contents())[1:]) == words
    clock = await page.evaluate(
        """at => new Date(at).toLocaleTimeString("sv", {hour: "2-digit", minute: "2-digit"})""",
        now.astimezone(UTC).isoformat(),
    )
    times = await page.get_by_test_id("time-of-message").all_text_contents()
    assert times[2:] == [clock, ""]


async def test_an_answer_is_judged_with_a_reason(page, site, backend, answer, open_chat):
    """The verdict is sent at once, the reason when it is written; a press again asks for nothing twice."""
    answer(text="We open at 9.")
    await page.goto(site)
    await open_chat(page)
    await say(page, "When?")
    up, down = page.get_by_test_id("judge-up"), page.get_by_test_id("judge-down")
    await up.click()
    await expect(up).to_have_attribute("aria-pressed", "true")
    await down.click()
    await expect(up).to_have_attribute("aria-pressed", "false")
    await expect(page.get_by_test_id("reason")).to_be_focused()
    await page.get_by_test_id("reason").fill("It is 10.")
    await page.get_by_test_id("reason-send").click()
    await backend.wait_for("chat.feedback", 3)
    assert [frame["data"] for frame in backend.frames("chat.feedback")] == [
        {"re_seq": 2, "verdict": "up"},
        {"re_seq": 2, "verdict": "down"},
        {"re_seq": 2, "verdict": "down", "reason": "It is 10."},
    ]
    await expect(down).to_be_focused()
    await expect(down).to_have_attribute("aria-pressed", "true")
    await expect(page.get_by_test_id("reason")).to_have_count(0)


async def test_a_refused_judgement_is_not_displayed(page, site, backend, answer, open_chat):
    """It says why beside the answer, and the conversation has no refusal."""

    async def refuse(connection, frame):
        data = server.ErrorData(code="BAD_FRAME", retryable=False, message="Not possible")
        await connection.send(server.Error(re=frame["id"], data=data))

    backend.on["chat.feedback"] = refuse
    answer(text="We open at 9.")
    await page.goto(site)
    await open_chat(page)
    await say(page, "When?")
    await page.get_by_test_id("judge-up").click()
    await expect(page.get_by_test_id("tool-note")).to_have_text("Not possible")
    await expect(page.get_by_test_id("judge-up")).to_have_attribute("aria-pressed", "false")
    await expect(page.get_by_test_id("notice")).to_have_count(0)


async def test_an_announcement_and_a_person_are_not_judged(page, site, backend, open_chat):
    """Nothing can be copied from an announcement either."""
    await page.goto(site)
    await open_chat(page)
    await backend.wait_for("hello")
    session = backend.connections[0].session
    await session.store(server.ChatFinal(data=server.ChatFinalData(text="Ania is here.", by="human")))
    await session.store(server.ChatFinal(data=server.ChatFinalData(text="Ania reads.", announces="is_read")))
    await expect(page.get_by_text("Ania reads.")).to_be_visible()
    await expect(page.get_by_test_id("judge-up")).to_have_count(0)
    await expect(page.get_by_test_id("copy")).to_have_count(1)


async def test_an_answer_is_copied(page, site, answer, open_chat):
    """As it was written."""
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    answer(text="We open at **9**.")
    await page.goto(site)
    await open_chat(page)
    await say(page, "When?")
    await page.get_by_test_id("copy").click()
    await expect(page.get_by_test_id("tool-note")).not_to_be_empty()
    assert await page.evaluate("navigator.clipboard.readText()") == "We open at **9**."


async def test_the_title_counts_what_comes_while_the_page_is_in_the_background(page, site, backend, open_chat):
    """With the window open, too; when the visitor comes back, the title is as before."""
    await page.goto(site)
    await open_chat(page)
    await backend.wait_for("hello")
    title = await page.title()
    session = backend.connections[0].session
    await session.store(server.ChatFinal(re="a", data=server.ChatFinalData(text="Seen")))
    await expect(messages(page, "answer")).to_have_count(1)
    assert await page.title() == title
    await page.evaluate(SET_VISIBILITY, "hidden")
    for re in "bc":
        await session.store(server.ChatFinal(re=re, data=server.ChatFinalData(text="Away")))
    await expect(page).to_have_title(f"(2) {title}")
    await page.evaluate(SET_VISIBILITY, "visible")
    await expect(page).to_have_title(title)


SET_VISIBILITY = """state => {
  Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.mark.parametrize("width", [1000, 320])
async def test_a_visit_can_be_booked_below_every_answer(page, site, answer, open_chat, width):
    """Whatever the assistant asks for in words, and however long its answer is."""
    await page.set_viewport_size({"width": width, "height": 640})
    answer(text="\n\n".join(["Would you like to book?"] * 20))
    await page.goto(site)
    await open_chat(page)
    await say(page, "Hello")
    await expect(messages(page, "answer")).to_be_visible()
    await expect(page.get_by_test_id("book")).to_be_in_viewport(ratio=1)
    await page.get_by_test_id("book").press("Enter")
    await expect(page.get_by_test_id("booking-form")).to_be_visible()


async def test_a_screen_reader_hears_an_answer_once_and_whole(page, site, backend, open_chat):
    """A growing answer is silent; the final one is a new node of the live region."""
    await page.goto(site)
    await open_chat(page)
    await say(page, "Hello")
    frame = await backend.wait_for("chat.send")
    connection = backend.connections[0]
    await accept(connection, frame)
    await connection.send(server.ChatDelta(re=frame["id"], data=server.ChatDeltaData(offset=0, text="| a | b |\n|--")))
    await connection.send(server.ChatDelta(re=frame["id"], data=server.ChatDeltaData(offset=12, text="-|---|\n| 1 ")))
    bubble = messages(page, "answer")
    await expect(bubble.locator("td").first).to_have_text("1")
    await expect(bubble).to_have_attribute("aria-live", "off")
    await bubble.evaluate("node => { node.isDraft = true; }")
    data = server.ChatFinalData(text="| a | b |\n|---|---|\n| 1 | 2 |")
    await connection.session.store(server.ChatFinal(re=frame["id"], data=data))
    await expect(bubble).to_have_attribute("data-state", "final")
    assert await bubble.evaluate("node => [node.isDraft, node.ariaLive]") == [None, None]
