"""Questions of a service: offered with its times, answered with the request, shown to the owner and the visitor."""

import json

import pytest

from shared.messages.limits import MAX_FRAME_BYTES
from workers.booking.domain.values import Answer

HOSTILE = "<script>alert(1)</script> & {{ 7 * 7 }}"
QUESTIONS = [
    {"id": "people", "kind": "number", "label": {"pl": "Ile osób?", "en": "How many?"}, "required": True, "minimum": 1},
    {"id": "parking", "kind": "yes_no", "label": {"pl": "Parking?", "en": "Parking?"}},
    {"id": "wishes", "kind": "text", "label": {"pl": "Życzenia <b>", "en": "Wishes <b>"}},
]


def build_services(questions=QUESTIONS):
    service = {"id": "massage", "name": {"pl": "Masaż", "en": "Massage"}, "duration_minutes": 60}
    return [service | {"questions": questions}, service | {"id": "other"}]


@pytest.fixture
def asking(new_world):
    return new_world(services=build_services())


async def test_questions_come_with_the_times_of_their_service(asking):
    """In the visitor's language; not with other times, whose frame would have no room for those of every service."""
    massage, other = (await asking.ask("slots", service="massage"))["data"]["services"]
    assert massage["questions"] == [
        {"id": "people", "kind": "number", "label": "How many?", "required": True, "minimum": 1},
        {"id": "parking", "kind": "yes_no", "label": "Parking?", "required": False},
        {"id": "wishes", "kind": "text", "label": "Wishes <b>", "required": False},
    ]
    assert "questions" not in other
    assert not any("questions" in each for each in (await asking.ask("slots"))["data"]["services"])
    assert "questions" not in (await asking.ask("slots", service="other"))["data"]["services"][1]


async def test_long_questions_leave_room_for_times(new_world):
    """A frame has at most 24 KB, whatever the owner writes."""
    emoji = "\N{GRINNING FACE}" * 100
    choices = [{"id": f"c{number}", "label": "\N{GRINNING FACE}" * 10} for number in range(20)]
    questions = [{"id": f"q{n}", "kind": "choice", "label": emoji, "choices": choices} for n in range(10)]
    world = new_world(services=build_services(questions))
    frame = await world.ask("slots", service="massage", days=60)
    assert len(json.dumps(frame, ensure_ascii=False, separators=(",", ":")).encode()) <= MAX_FRAME_BYTES
    assert frame["data"]["slots"]


async def test_answers_are_stored_with_the_visit_and_displayed(asking):
    """To the owner in the event, escaped, and to the visitor in the confirmation, in each one's language."""
    answers = {"people": "2", "parking": "yes", "wishes": HOSTILE + "\nsecond", "unknown": "x"}
    appointment_id = await asking.confirmed(name="Jan", note="Quiet", answers=answers)

    stored = (await asking.appointment(appointment_id)).answers
    assert stored == (Answer("people", "2"), Answer("parking", "yes"), Answer("wishes", HOSTILE + "\nsecond"))
    [event] = asking.events
    assert event.description.split("\n") == [
        *("Jan", "jan@example.com", "Quiet", "Ile osób?: 2", "Parking?: tak"),
        "Życzenia &lt;b&gt;: &lt;script&gt;alert(1)&lt;/script&gt; &amp; {{ 7 * 7 }} second",
    ]
    [notice] = [notice for notice in asking.notices.delivered if notice.type == "notice.confirmed"]
    assert [(one.question, one.answer) for one in notice.answers] == [
        ("How many?", "2"),
        ("Parking?", "yes"),
        ("Wishes <b>", HOSTILE + " second"),
    ]
    [code] = [notice for notice in asking.notices.delivered if notice.type == "notice.code"]
    assert "script" not in code.model_dump_json()  # the address is not verified yet
    assert not any("script" in frame.to_wire_text() for frame in asking.conversations.list_frames("session"))


async def test_an_event_has_as_many_answers_as_fit(new_world):
    """Calendars refuse long descriptions, and a refused one would stop the confirmation."""
    questions = [{"id": f"q{number}", "kind": "text", "label": "L"} for number in range(10)]
    world = new_world(services=build_services(questions))
    await world.confirmed(answers={f"q{number}": "<" * 500 for number in range(10)})
    [event] = world.events
    assert 6_000 < len(event.description) <= 8_000
    assert event.description.endswith("&lt;")


@pytest.mark.parametrize(
    ("answers", "detail", "message"),
    [
        (None, "data.answers.people: answer_missing", "Please answer this question: “How many?”. If you do not see it"),
        ({"parking": "no"}, "data.answers.people: answer_missing", "Please answer this question: “How many?”."),
        (
            {"people": "0"},
            "data.answers.people: answer_invalid",
            "Please correct your answer to this question: “How many",
        ),
    ],
)
async def test_a_refusal_names_the_question(asking, answers, detail, message):
    """Also for a widget of the release before, which sends no answers; the answer itself is not repeated."""
    frame = await asking.create(**({"answers": answers} if answers else {}))
    assert (frame.type, frame.data.code, frame.data.retryable) == ("error", "BAD_FRAME", False)
    assert frame.data.detail == detail
    assert frame.data.message.startswith(message)
    assert asking.appointments.writes == 0


async def test_corrected_answers_replace_the_hold(asking):
    """The same request gets the same hold; with other answers the visitor gets a hold with these."""
    first = await asking.held(answers={"people": "2"})
    assert await asking.held(answers={"people": "2"}) == first
    second = await asking.held(answers={"people": "3"})
    assert second != first
    assert (await asking.appointment(second)).answers == (Answer("people", "3"),)


async def test_questions_may_change_after_the_booking(asking, make_profile):
    """A visit that stands is not asked again: it can be moved, and its event shows what was answered."""
    appointment_id = await asking.confirmed(answers={"people": "2"})
    services = build_services([QUESTIONS[2] | {"required": True}])
    asking.tenants.blocking.profiles["salon-ania"] = make_profile(services=services)
    frame = await asking.send("reschedule", appointment_id=appointment_id, start="2026-01-14T10:00")
    assert frame.type == "booking.rescheduled"
    [event] = asking.events
    assert event.description.endswith("\npeople: 2")
