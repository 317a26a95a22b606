"""The event of a confirmed appointment in the owner's calendar, and what the owner may do with it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.errors import PermanentError

NINE_UTC = datetime(2026, 1, 13, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


async def confirmed_event(world, **typed):
    """Confirm an appointment with texts that a visitor typed; return its event."""
    await world.confirmed(**typed)
    [event] = world.events
    return event


async def test_a_visitors_text_is_escaped_in_the_owners_calendar(world):
    """Calendars show descriptions as HTML; a link stays the same text."""
    event = await confirmed_event(world, name="<b>Jan</b>", note='<a href="https://evil.example">Pay & win</a>')

    name, contact, note = event.description.split("\n")
    assert (name, contact) == ("&lt;b&gt;Jan&lt;/b&gt;", "jan@example.com")
    assert note == '&lt;a href="https://evil.example"&gt;Pay &amp; win&lt;/a&gt;'
    assert event.summary == "Masaż: <b>Jan</b>"  # Plain text for every calendar.


async def test_a_note_keeps_its_lines_but_a_name_has_one(world):
    """A visitor can't forge the line with the address."""
    event = await confirmed_event(world, name="Jan\nother@example.com", note="One\n\tTwo\n\nThree")

    assert event.description == "Jan other@example.com\njan@example.com\nOne\nTwo\n\nThree"


@pytest.mark.parametrize("name", ["Jan\r\nKowalski", "Jan\tKowalski", "Jan\u2028Kowalski", "Jan\u202eKowalski"])
async def test_a_summary_is_a_single_line(world, name):
    """No line breaks, no control characters, no characters that reverse the text."""
    assert (await confirmed_event(world, name=name)).summary == "Masaż: Jan Kowalski"


async def test_a_name_keeps_its_joiners_and_emoji(world):
    """Without joiners, names of some scripts would be misspelt."""
    name = "نیلوفر می\u200cرود 👩\u200d🎤 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
    event = await confirmed_event(world, name=name)
    assert event.summary == f"Masaż: {name}"
    assert event.description.split("\n")[0] == name


async def test_an_invisible_name_is_none(world):
    """The owner sees the address instead."""
    assert (await confirmed_event(world, name="\u200b\u2060")).summary == "Masaż: jan@example.com"


async def test_a_summary_is_truncated(new_world):
    """Whatever the name of the service."""
    services = [{"id": "massage", "name": {"en": "M" * 119}, "duration_minutes": 60}]
    event = await confirmed_event(new_world(services=services), name="J" * 120)

    assert len(event.summary) == 200
    assert event.summary.startswith("M" * 119 + ": J")


@pytest.mark.parametrize("what", ["deleted", "moved"])
async def test_a_repeated_code_does_not_change_the_event(world, what):
    """What the owner did to the event since the confirmation stays."""
    appointment_id = await world.confirmed()
    events = world.calendar.events["calendar"]
    [event] = events.values()
    if what == "deleted":
        events.clear()
    else:
        events[event.event_id] = replace(event, start=event.start + HOUR, end=event.end + HOUR)
    before = dict(events)

    again = await world.send("verify", appointment_id=appointment_id, code=world.code(appointment_id))

    assert again.type == "booking.confirmed"
    assert events == before
    assert world.notice_types == ["notice.code", "notice.confirmed"]


async def test_a_code_from_before_a_move_does_not_change_the_event(world):
    """Another command changed the appointment last; the late repeat of the verification writes nothing."""
    appointment_id = await world.held()
    data = {"appointment_id": appointment_id, "code": world.code(appointment_id)}
    await world.handle(world.command("verify", client_id="v1", **data))
    await world.send("reschedule", appointment_id=appointment_id, start="2026-01-13T14:00")
    puts = world.calendar.calls.count("put")

    await world.handle(world.command("verify", client_id="v1", replay=1, **data))
    assert world.calendar.calls.count("put") == puts


async def test_a_repeated_cancellation_does_not_change_the_calendar(world):
    """An event that the owner added again stays."""
    appointment_id = await world.confirmed()
    [event] = world.events
    await world.send("cancel", appointment_id=appointment_id)
    world.calendar.events["calendar"][event.event_id] = event

    assert (await world.send("cancel", appointment_id=appointment_id)).type == "booking.cancelled"
    assert world.events == [event]


async def test_a_move_to_the_same_time_does_not_change_the_event(world):
    """The visitor gets the time again, but an event that the owner deleted is not restored."""
    appointment_id = await world.confirmed()
    world.calendar.events["calendar"].clear()

    for start in ("2026-01-13T14:00", "2026-01-13T14:00", "2026-01-13T14:00"):
        frame = await world.send("reschedule", appointment_id=appointment_id, start=start)
        assert (frame.type, frame.data.start) == ("booking.rescheduled", NINE_UTC + 4 * HOUR)
        world.calendar.events["calendar"].clear()

    assert world.calendar.calls.count("put") == 2
    assert world.notice_types.count("notice.rescheduled") == 1


async def test_a_replayed_move_completes_its_effects(world):
    """The event follows once the queue is usable again; the appointment moves only once."""
    appointment_id = await world.confirmed()
    data = {"appointment_id": appointment_id, "start": "2026-01-13T14:00"}
    world.commands.errors.append(PermanentError("aws_denied"))
    with pytest.raises(PermanentError):
        await world.handle(world.command("reschedule", client_id="r1", **data))
    assert [event.start for event in world.events] == [NINE_UTC]

    await world.handle(world.command("reschedule", client_id="r1", replay=1, **data))
    assert [event.start for event in world.events] == [NINE_UTC + 4 * HOUR]
    assert world.notice_types.count("notice.rescheduled") == 1
    assert (await world.appointment(appointment_id)).version == 3


async def test_a_replayed_cancellation_completes_its_effects(world):
    """The event is removed once the queue is usable again."""
    appointment_id = await world.confirmed()
    world.commands.errors.append(PermanentError("aws_denied"))
    with pytest.raises(PermanentError):
        await world.handle(world.command("cancel", client_id="c1", appointment_id=appointment_id))

    await world.handle(world.command("cancel", client_id="c1", replay=1, appointment_id=appointment_id))
    assert (world.events, world.notice_types.count("notice.cancelled")) == ([], 1)
