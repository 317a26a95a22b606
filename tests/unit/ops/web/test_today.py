"""The owner's pages: the visits and conversations of a day, and staff answers."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.conversations.judgements import Judgement
from shared.errors import DeploymentError, TransientError
from shared.messages.server import BookingCancelled, BookingCancelledData, BookingConfirmed, BookingConfirmedData
from tests.fakes.clock import NOON
from tests.unit.ops.web.conversations import CONVERSATION, final, sent, store_frames
from workers.booking.domain.values import Answer, Appointment, AppointmentState, Contact, Interval

HOSTILE = "<script>alert('x')</script>{{ 7 * 7 }}"


def make_visit(**changes):
    start = datetime(2026, 1, 12, 14, tzinfo=UTC)
    fields = {
        "appointment_id": "a1",
        "session_id": "s-1",
        "tenant": "salon-ania",
        "service_id": "massage",
        "start": start,
        "end": start + timedelta(hours=1),
        "blocked": Interval(start, start + timedelta(hours=1)),
        "state": AppointmentState.CONFIRMED,
        "contact": Contact("email", "anna@example.com"),
        "name": "Anna Nowak",
        "note": "By the back door",
        "locale": "pl",
        "hold_expires_at": None,
        "code_sends": 1,
        "code_attempts": 0,
        "version": 1,
        "created_at": NOON,
        "calendar_event_id": None,
        "grid_minutes": 5,
    }
    return Appointment(**fields | changes)


async def book(world, *visits):
    for visit in visits:
        claim = await world.claims.claim(visit.appointment_id, fingerprint="f", lease=timedelta(seconds=30))
        assert await world.appointments.hold(visit, at=NOON, claim=claim) is None


def test_shows_the_visits_of_a_day(owner, world):
    """In order, in the time zone of the business, without those of other days and businesses."""
    later = make_visit(appointment_id="a2", name="Ewa", start=NOON + timedelta(hours=5), end=NOON + timedelta(hours=6))
    later = replace(later, blocked=Interval(later.start, later.end))
    tomorrow = make_visit(
        appointment_id="a3", name="Iga", start=NOON + timedelta(days=1), end=NOON + timedelta(days=1.1)
    )
    tomorrow = replace(tomorrow, blocked=Interval(tomorrow.start, tomorrow.end))
    elsewhere = make_visit(appointment_id="a4", name="Bea", tenant="studio-bea")
    owner.http.portal.call(book, world, later, make_visit(), tomorrow, elsewhere)
    text = owner.get("/today/salon-ania").text
    assert text.index("Anna Nowak") < text.index("Ewa")
    assert "15:00" in text
    assert "anna@example.com" in text
    assert "By the back door" in text
    assert "Iga" not in text
    assert "Bea" not in text
    assert "Iga" in owner.get("/today/salon-ania?day=2026-01-13").text


def test_mistakes_of_the_profile_are_displayed(owner, world):
    """Those of this business, as text; without one there is no note."""
    world.tenants.warnings = {"salon-ania": [f"line 3: name: {HOSTILE}"], "studio-bea": ["line 4: country"]}
    text = owner.get("/today/salon-ania").text
    assert "line 3: name: &lt;script&gt;" in text
    assert "<script>alert" not in text
    assert "line 4" not in text
    world.tenants.warnings = {}
    assert "profile-warnings" not in owner.get("/today/salon-ania").text


def test_files_that_the_assistant_does_not_read_are_displayed(owner, world):
    """Those of this business, as text; without one there is no note."""
    world.tenants.document_problems = {"salon-ania": [f"{HOSTILE}.md is not read"], "studio-bea": ["b.md is not read"]}
    text = owner.get("/today/salon-ania").text
    assert "&lt;script&gt;" in text
    assert "}}.md is not read" in text
    assert "<script>alert" not in text
    assert "b.md is not read" not in text
    world.tenants.document_problems = {}
    assert "document-problems" not in owner.get("/today/salon-ania").text


def test_messages_that_the_model_did_not_answer_are_counted(owner, world):
    """Nothing has to be done about them, but the owner sees that the model was out; of this business and day."""
    assert "refused-count" not in owner.get("/today/salon-ania").text
    world.usage.refusals["salon-ania", "2026-01-12"] = 3
    assert "did not answer 3 messages" in owner.get("/today/salon-ania").text
    assert "refused-count" not in owner.get("/today/salon-ania?day=2026-01-11").text


@pytest.mark.parametrize("day", ["nonsense", "0001-01-01", "9999-12-31", "2026-13-01", ""])
def test_an_invalid_day_is_replaced_by_today(owner, day):
    """An address with an invalid date shows the current day."""
    assert "Monday, 12 January 2026" in owner.get(f"/today/salon-ania?day={day}").text


def test_shows_the_conversations_of_a_day(owner, world):
    """With their last messages, the latest first, without those of other days."""
    owner.http.portal.call(store_frames(world, sent("Old"), session="s-0"))
    world.clock.advance(timedelta(days=1))
    owner.sign_in()
    owner.http.portal.call(store_frames(world, sent("Dogs?"), final("Yes, dogs.")))
    world.clock.advance(timedelta(minutes=5))
    owner.http.portal.call(store_frames(world, sent("Parking?"), session="s-2"))
    owner.http.portal.call(store_frames(world, sent("Elsewhere"), session="s-3", tenant="studio-bea"))
    text = owner.get("/today/salon-ania").text
    assert text.index("Parking?") < text.index("Yes, dogs.")
    assert "Old" not in text
    assert "Elsewhere" not in text
    assert "Old" in owner.get("/today/salon-ania?day=2026-01-12").text


def test_a_judgement_is_displayed_beside_its_answer(owner, world):
    """The owner sees what the visitor thinks of an answer, and why; other answers have no judgement."""
    owner.http.portal.call(store_frames(world, sent("When do you close?"), final("At six."), final("Goodbye.")))
    world.conversations.judged["s-1", 2] = ("salon-ania", Judgement("down", "It is <b>five</b>.", NOON))

    page = owner.get(CONVERSATION).text

    assert page.count('data-testid="judgement"') == 1
    assert re.search(r"At six\..*Rated as not helpful</b> It is &lt;b&gt;five&lt;/b&gt;\..*Goodbye\.", page, re.DOTALL)


def test_days_are_in_the_time_zone_of_the_business(owner, world):
    """Half past midnight in Warsaw is the next day, while the index, in UTC, has the previous one."""
    world.clock.set(datetime(2026, 1, 12, 23, 30, tzinfo=UTC))
    owner.http.portal.call(store_frames(world, sent("Late")))
    assert "Late" in owner.get("/today/salon-ania").text
    assert "Late" in owner.get("/today/salon-ania?day=2026-01-13").text
    assert "Late" not in owner.get("/today/salon-ania?day=2026-01-12").text


def test_a_staff_answer_is_stored_and_posted(owner, world):
    """It becomes the session's next durable frame, marked as written by staff, and is posted to every open tab."""
    owner.http.portal.call(store_frames(world, sent("Dogs?"), final("No idea.")))
    world.connections.open("s-1", "tab-1")
    assert "open now" in owner.get(CONVERSATION).text
    owner.send(CONVERSATION, text="  Yes, dogs\r\nare welcome. ", answer_id="one")
    assert owner.last.headers["location"] == f"{CONVERSATION}?said=answered"
    frame = world.conversations.list_frames("s-1")[-1]
    assert (frame.seq, frame.re, frame.data.by, frame.data.text) == (3, None, "human", "Yes, dogs\nare welcome.")
    [(connection, text)] = world.poster.posted
    assert (connection, text) == ("tab-1", frame.to_wire_text())
    assert "Yes, dogs" in owner.follow().text


def test_a_form_that_is_sent_twice_answers_once(owner, world):
    """A double click is one answer; another text with the same id is rejected and kept in the form."""
    owner.http.portal.call(store_frames(world, sent("Dogs?")))
    owner.get(CONVERSATION)
    csrf = owner.csrf()
    [answer_id] = re.findall(r'name="answer_id" value="([^"]+)"', owner.last.text)
    for _ in range(2):
        assert owner.send(CONVERSATION, csrf=csrf, text="Yes.", answer_id=answer_id).status_code == 303
    assert len(world.conversations.list_frames("s-1")) == 2
    rejected = owner.send(CONVERSATION, csrf=csrf, text="No, sorry.", answer_id=answer_id)
    assert (rejected.status_code, "No, sorry." in rejected.text) == (422, True)
    assert len(world.conversations.list_frames("s-1")) == 2


def answer_id_on_page(browser):
    [answer_id] = re.findall(r'name="answer_id" value="([^"]+)"', browser.last.text)
    return answer_id


def test_a_text_that_may_have_been_sent_keeps_its_id(owner, world):
    """Sending the form again after "it is being sent" answers once, whatever happened to the first request."""
    owner.http.portal.call(store_frames(world, sent("Dogs?")))
    owner.get(CONVERSATION)
    csrf, answer_id = owner.csrf(), answer_id_on_page(owner)
    world.conversations.errors.append(RuntimeError("the process that had the claim died"))
    assert owner.send(CONVERSATION, csrf=csrf, text="Yes.", answer_id=answer_id).status_code == 500
    busy = owner.send(CONVERSATION, csrf=csrf, text="Yes.", answer_id=answer_id)
    assert (busy.status_code, "It is already being sent" in busy.text) == (422, True)
    assert answer_id_on_page(owner) == answer_id
    world.clock.advance(timedelta(minutes=1))
    for _ in range(2):
        assert owner.send(CONVERSATION, csrf=csrf, text="Yes.", answer_id=answer_id).status_code == 303
    assert [frame.data.text for frame in world.conversations.list_frames("s-1")] == ["Dogs?", "Yes."]


def test_a_different_text_gets_a_new_id(owner, world):
    """The form with the rejected text sends it as a new answer; a form without text keeps its id.

    Neither page refreshes itself, which would remove the text and the id.
    """
    owner.http.portal.call(store_frames(world, sent("Dogs?")))
    owner.get(CONVERSATION)
    csrf = owner.csrf()
    assert "data-refresh" in owner.last.text
    owner.send(CONVERSATION, csrf=csrf, text=" ", answer_id="one")
    assert answer_id_on_page(owner) == "one"
    assert "data-refresh" not in owner.last.text
    owner.send(CONVERSATION, csrf=csrf, text="Yes.", answer_id="one")
    owner.send(CONVERSATION, csrf=csrf, text="No, sorry.", answer_id="one")
    assert owner.send(CONVERSATION, text="No, sorry.", answer_id=answer_id_on_page(owner)).status_code == 303
    assert [frame.data.text for frame in world.conversations.list_frames("s-1")] == ["Dogs?", "Yes.", "No, sorry."]


@pytest.mark.parametrize("error", [TransientError("throttled"), DeploymentError("aws_AccessDeniedException")])
def test_an_answer_that_was_not_stored_can_be_sent_again(owner, world, error):
    """At once, without waiting for the lease, and it is sent once."""
    owner.http.portal.call(store_frames(world, sent("Dogs?")))
    owner.get(CONVERSATION)
    csrf = owner.csrf()
    world.conversations.errors.append(error)
    assert owner.send(CONVERSATION, csrf=csrf, text="Yes.", answer_id="one").status_code in {500, 503}
    assert owner.send(CONVERSATION, csrf=csrf, text="Yes.", answer_id="one").status_code == 303
    assert [frame.data.text for frame in world.conversations.list_frames("s-1")] == ["Dogs?", "Yes."]


def test_the_id_of_a_form_is_shortened(owner, world):
    """Only the first 64 characters count."""
    owner.http.portal.call(store_frames(world, sent("Dogs?")))
    owner.get(CONVERSATION)
    csrf = owner.csrf()
    for answer_id in ("x" * 64, "x" * 64 + "y" * 10_000, "x" * 63):
        assert owner.send(CONVERSATION, csrf=csrf, text="Yes.", answer_id=answer_id).status_code == 303
    assert [frame.data.text for frame in world.conversations.list_frames("s-1")] == ["Dogs?", "Yes.", "Yes."]
    owner.send(CONVERSATION, csrf=csrf, text=" ", answer_id="y" * 10_000)
    assert answer_id_on_page(owner) == "y" * 64


@pytest.mark.parametrize("text", ["", "  \r\n ", "x" * 4001])
def test_an_empty_or_long_answer_is_rejected(owner, world, text):
    """Nothing is sent."""
    owner.http.portal.call(store_frames(world, sent("Dogs?")))
    owner.get(CONVERSATION)
    assert owner.send(CONVERSATION, text=text, answer_id="one").status_code == 422
    assert len(world.conversations.list_frames("s-1")) == 1


def test_another_tenants_conversation_looks_unknown(salon_owner, owner, world):
    """It is neither displayed nor answered, under its own tenant or under the operator's."""
    owner.http.portal.call(store_frames(world, sent("Private"), session="s-bea", tenant="studio-bea"))
    owner.http.portal.call(store_frames(world, sent("Dogs?")))
    for tenant in ("studio-bea", "salon-ania"):
        path = f"/today/{tenant}/conversations/s-bea"
        assert salon_owner.get(path).status_code == 404
        salon_owner.get(CONVERSATION)
        assert salon_owner.send(path, text="Hello", answer_id="one").status_code == 404
    assert owner.get("/today/salon-ania/conversations/s-bea").status_code == 404
    assert len(world.conversations.list_frames("s-bea")) == 1


def test_hostile_text_is_escaped(owner, world):
    """Messages, names and notes are displayed as text."""
    gone = BookingCancelled(data=BookingCancelledData(appointment_id="a9", start=NOON, service=HOSTILE))
    owner.http.portal.call(store_frames(world, sent(HOSTILE), gone, final(HOSTILE)))
    visit = make_visit(
        name=HOSTILE,
        note=HOSTILE,
        contact=Contact("email", HOSTILE),
        service_id=HOSTILE,
        answers=(Answer("people", HOSTILE), Answer(HOSTILE, "2")),
    )
    owner.http.portal.call(book, world, visit)
    for path in ("/today/salon-ania", CONVERSATION):
        text = owner.get(path).text
        assert "<script>alert" not in text
        assert "{{ 7 * 7 }}" in text
    assert re.search(r"<dt>people</dt><dd>&lt;script&gt;", owner.get("/today/salon-ania").text)


def test_an_answer_that_could_not_be_posted_is_stored(owner, world):
    """If the connections can't be read, the visitor gets it on return."""
    owner.http.portal.call(store_frames(world, sent("Dogs?")))
    owner.get(CONVERSATION)
    world.connections.error = TransientError("connections.of: Throttling")
    assert owner.send(CONVERSATION, text="Yes.", answer_id="one").status_code == 303
    assert world.conversations.list_frames("s-1")[-1].data.text == "Yes."


def test_a_conversation_over_midnight_is_on_both_days(owner, world):
    """The earlier day keeps it, although its last message is on the next day, with the same date in UTC."""
    for minutes in (-5, 5):
        # Midnight in Warsaw, eleven at night in UTC.
        world.clock.set(datetime(2026, 1, 12, 23, tzinfo=UTC) + timedelta(minutes=minutes))
        owner.http.portal.call(store_frames(world, sent("Late")))
    for day in (12, 13):
        assert 'data-testid="conversations"' in owner.get(f"/today/salon-ania?day=2026-01-{day}").text


@pytest.mark.parametrize(("service", "name"), [("massage", "Masaż"), ("gone-by-now", "gone-by-now")])
def test_a_booking_has_the_name_of_its_service(owner, world, service, name):
    """A service that no longer exists is displayed by its id."""
    booked = BookingConfirmedData(
        appointment_id="a1", start=NOON, end=NOON + timedelta(hours=1), service=service, ics="BEGIN:VCALENDAR"
    )
    owner.http.portal.call(store_frames(world, sent("Hi"), BookingConfirmed(re="c2", data=booked)))
    assert f"<b>{name}</b> 12 Jan 2026, 13:00" in owner.get(CONVERSATION).text


def test_an_answer_has_no_control_characters(owner, world):
    """They are removed, and an answer without other characters is rejected."""
    owner.http.portal.call(store_frames(world, sent("Dogs?")))
    owner.get(CONVERSATION)
    csrf = owner.csrf()
    assert owner.send(CONVERSATION, csrf=csrf, text="\x00\x1b \x9b", answer_id="one").status_code == 422
    assert (
        owner.send(CONVERSATION, csrf=csrf, text="Yes,\x1b\tdogs.\r\n\x07Small ones.", answer_id="one").status_code
        == 303
    )
    assert world.conversations.list_frames("s-1")[-1].data.text == "Yes,\tdogs.\nSmall ones."


def test_a_long_session_id_is_unknown(owner, world):
    """No table is read, because DynamoDB would reject the key."""
    owner.http.portal.call(store_frames(world, sent("Private"), session="s" * 101))
    owner.get("/failures")
    csrf = owner.csrf()
    address = f"/today/salon-ania/conversations/{'s' * 101}"
    assert owner.get(address).status_code == 404
    assert owner.send(address, csrf=csrf, text="Hello", answer_id="one").status_code == 404
    assert owner.send(f"{address}/take-over", csrf=csrf, press_id="one").status_code == 404


def test_descriptions_of_controls_exist(owner, world):
    """Each id exists once, also with several takeovers; the log can be focused and has a label."""
    for number in range(3):
        owner.http.portal.call(store_frames(world, sent("Dogs?"), session=f"s-{number}"))
        address = f"/today/salon-ania/conversations/s-{number}"
        owner.get(address)
        owner.send(f"{address}/take-over", press_id="one")
    pages = [owner.get("/today/salon-ania").text, owner.get(CONVERSATION).text]
    pages.append(owner.send(CONVERSATION, text=" ", answer_id="one").text)
    owner.get(CONVERSATION)
    owner.send(f"{CONVERSATION}/hand-back", press_id="two")
    pages.append(owner.follow().text)
    for page in pages:
        ids = re.findall(r' id="([^"]+)"', page)
        named = [name for names in re.findall(r'aria-describedby="([^"]+)"', page) for name in names.split()]
        assert len(ids) == len(set(ids))
        assert named
        assert set(named) <= set(ids)
    assert 'aria-invalid="true"' in pages[2]
    for page in pages[1:]:
        assert re.search(r'data-testid="log"[^>]* aria-label="[^"]+" tabindex="0"', page)
