"""What the calendar file contains, and that no text can add properties to it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from workers.booking.domain.ics import build_appointment_ics
from workers.booking.domain.values import AppointmentState


def event_of(text):
    (event,) = Calendar.from_ical(text).walk("VEVENT")
    return event


def names_of(text):
    """Return the property names of the unfolded lines."""
    unfolded = text.replace("\r\n ", "")
    return [line.partition(":")[0].partition(";")[0] for line in unfolded.split("\r\n") if line]


def test_the_file_describes_the_appointment(make_profile, hold, accepted_at):
    """Times are in UTC, texts in the appointment's language."""
    confirmed = replace(hold, state=AppointmentState.CONFIRMED, version=2, note="Proszę o ciszę")
    profile = make_profile(senders={"email": "salon@example.com"})

    text = build_appointment_ics(confirmed, profile, stamp=accepted_at)

    lines = text.replace("\r\n ", "").split("\r\n")
    assert lines[0] == "BEGIN:VCALENDAR"
    assert lines[-2:] == ["END:VCALENDAR", ""]
    for line in (
        "VERSION:2.0",
        "METHOD:PUBLISH",
        f"UID:{hold.appointment_id}@salon-ania",
        "DTSTAMP:20260112T070000Z",
        "DTSTART:20260113T090000Z",
        "DTEND:20260113T093000Z",
        "SUMMARY:Konsultacja – Salon Ania",
        "STATUS:CONFIRMED",
        "SEQUENCE:2",
        "DESCRIPTION:Jan\\nProszę o ciszę",
    ):
        assert line in lines
    assert event_of(text)["organizer"] == "mailto:salon@example.com"
    assert "\n" not in text.replace("\r\n", "")
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))


@pytest.mark.parametrize(
    ("state", "cancelled", "status"),
    [
        (AppointmentState.HELD, False, "TENTATIVE"),
        (AppointmentState.CONFIRMED, False, "CONFIRMED"),
        (AppointmentState.CONFIRMED, True, "CANCELLED"),
        (AppointmentState.CANCELLED, False, "CANCELLED"),
    ],
)
def test_the_status_follows_the_state(make_profile, hold, state, cancelled, status):
    """A file for a cancelled appointment deletes it from the visitor's calendar."""
    text = build_appointment_ics(replace(hold, state=state), make_profile(), stamp=hold.created_at, cancelled=cancelled)

    assert event_of(text)["status"] == status


def test_a_moved_appointment_is_a_later_version_of_the_same_event(make_profile, hold, accepted_at):
    """The UID stays and the sequence grows, so calendars update the event instead of adding one."""
    moved = replace(hold, start=hold.start + timedelta(days=1), end=hold.end + timedelta(days=1), version=5)
    before, after = (event_of(build_appointment_ics(each, make_profile(), stamp=accepted_at)) for each in (hold, moved))

    assert before["uid"] == after["uid"]
    assert after["sequence"] == 5 > before["sequence"]


def test_a_service_that_is_no_longer_offered_keeps_its_id(make_profile, hold, accepted_at):
    """An appointment outlives its service in the profile; without a sender there is no organizer."""
    event = event_of(build_appointment_ics(replace(hold, service_id="gone"), make_profile(), stamp=accepted_at))

    assert event["summary"] == "gone – Salon Ania"
    assert "organizer" not in event


ALLOWED = {
    *("BEGIN", "END", "PRODID", "VERSION", "METHOD", "UID", "DTSTAMP", "DTSTART", "DTEND"),
    *("SUMMARY", "STATUS", "SEQUENCE", "DESCRIPTION", "ORGANIZER"),
}
HOSTILE = (
    "Jan\r\nATTENDEE:mailto:eve@example.com",
    "Jan\nEND:VEVENT\nBEGIN:VEVENT",
    "Jan\rX:1",
    "Jan\x0bX:1\x0cX:2\x85X:3\u2028X:4\u2029X:5",
    'a";b:c,d\\n\\',
    "\x00\x07\ud800",
)


@given(
    name=st.sampled_from(HOSTILE) | st.text(max_size=120),
    note=st.sampled_from(HOSTILE) | st.text(max_size=200),
    business=st.sampled_from(HOSTILE[:5]),
)
def test_no_text_can_add_a_property(make_profile, make_hold, business, name, note):
    """All kinds of line breaks are escaped and control characters removed; the text itself stays."""
    profile = make_profile(name=business, senders={"email": "salon@example.com"})
    appointment = make_hold(name=name, note=note)

    text = build_appointment_ics(appointment, profile, stamp=appointment.created_at)

    assert set(names_of(text)) <= ALLOWED
    assert names_of(text).count("BEGIN") == 2
    assert len(names_of(text)) == len(text.replace("\r\n ", "").splitlines())
    assert event_of(text)["organizer"] == "mailto:salon@example.com"


def test_a_visitors_text_is_read_back_unchanged(make_profile, hold, accepted_at):
    """A reader of the file undoes the escaping."""
    appointment = replace(hold, name='Jan "J"; K', note="first, line\nsecond\\line")

    event = event_of(build_appointment_ics(appointment, make_profile(), stamp=accepted_at))

    assert event["description"] == 'Jan "J"; K\nfirst, line\nsecond\\line'
