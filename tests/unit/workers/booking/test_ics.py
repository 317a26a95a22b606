"""What a calendar file contains, by the rules of RFC 5545 and 5546, and that no text can add properties to it."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from shared.messages.limits import MAX_FRAME_BYTES, MAX_NAME_CHARACTERS, MAX_NOTE_CHARACTERS
from shared.tenants.profile_types import Translated
from tests.unit.workers.booking.ics_rules import check, read, read_with_ical
from workers.booking.domain.ics import build_appointment_ics, build_notice_ics
from workers.booking.domain.ics_text import remove_control_characters
from workers.booking.domain.values import AppointmentState, Contact

SENDER = {"senders": {"email": "salon@example.com"}}
ADDRESS = {"pl": "ul. Długa 5; Kraków, II p.", "de": "Długa-Straße 5", "en": "5 Długa Street"}
FAMILY = "\N{MAN}\N{ZERO WIDTH JOINER}\N{WOMAN}\N{ZERO WIDTH JOINER}\N{GIRL}"
HOSTILE = (
    "Jan\r\nATTENDEE:mailto:eve@example.com",
    "Jan\nEND:VEVENT\nBEGIN:VEVENT",
    "Jan\rX:1",
    "Jan\x0bX:1\x0cX:2\x85X:3\u2028X:4\u2029X:5",
    'a";b:c,d\\n\\',
    "\x00\x07\ud800\ufffe\uffff",
    '";PARTSTAT=DECLINED:mailto:eve@example.com',
)
PRICE = {"pl": "od 120 zł; z VAT, netto\\brutto", "de": "ab 120 zł", "en": "from PLN 120"}
KINDS = ("confirmed", "moved", "cancelled", "for download")


@pytest.fixture
def visit(hold):
    return replace(hold, state=AppointmentState.CONFIRMED, version=2)


def write(kind, visit, profile):
    """Return the file of one kind, about a visit that may have changed before."""
    stamp = visit.created_at
    if kind == "for download":
        return build_appointment_ics(visit, profile, stamp=stamp)
    if kind == "cancelled":
        cancelled = replace(visit, state=AppointmentState.CANCELLED, version=visit.version + 1)
        return build_notice_ics(cancelled, profile, stamp=stamp, cancelled=True)
    moved = timedelta(days=1 if kind == "moved" else 0)
    return build_notice_ics(replace(visit, start=visit.start + moved, end=visit.end + moved), profile, stamp=stamp)


def event_of(text):
    (event,) = Calendar.from_ical(text).walk("VEVENT")
    return event


def read_by_two(text):
    """Return what each parser reads: method, UID, sequence, status, times and texts."""
    one_calendar, event = Calendar.from_ical(text), event_of(text)
    one = (
        str(one_calendar["method"]), str(event["uid"]), event["sequence"], str(event["status"]),
        event["dtstart"].dt, event["dtend"].dt, str(event["summary"]), str(event.get("description", "")) or None,
        str(event.get("location", "")) or None, str(event["organizer"]),
        [(str(event["attendee"]), event["attendee"].params.get("CN"))] if "attendee" in event else [],
        [alarm["trigger"].dt for alarm in event.walk("VALARM")],
    )  # fmt: skip
    other_calendar = read_with_ical(text)
    (event,) = other_calendar.events
    other = (
        other_calendar.method, event.uid, event.sequence, event.status.value,
        event.dtstart, event.dtend, event.summary, event.description, event.location, event.organizer.uri,
        [(each.uri, each.common_name) for each in event.attendees],
        [alarm.trigger for alarm in event.alarm],
    )  # fmt: skip
    return one, other


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("locale", ["pl", "de", "en"])
@pytest.mark.parametrize("sender", [SENDER, {}], ids=["with sender", "without sender"])
@pytest.mark.parametrize("contact", [Contact("email", "jan@example.com"), Contact("phone", "+48501234567")])
def test_a_file_follows_the_rules_and_two_parsers_agree(make_profile, visit, *, kind, locale, sender, contact):
    """A message between organizer and attendee where both have an e-mail address; otherwise it is published."""
    visit = replace(visit, locale=locale, contact=contact, name=f"Zoë {FAMILY}", note=FAMILY * 200)
    profile = make_profile(address=ADDRESS, phone="+48 12 000 01 40", **sender)
    priced = tuple(one.model_copy(update={"price": Translated(PRICE)}) for one in profile.services)
    profile = profile.model_copy(update={"services": priced})

    text = write(kind, visit, profile)

    event = check(text)
    one, other = read_by_two(text)
    assert one == other
    is_message = bool(sender) and contact.kind == "email" and kind != "for download"
    assert one[0] == ({"cancelled": "CANCEL"}.get(kind, "REQUEST") if is_message else "PUBLISH")
    assert one[10] == ([("mailto:jan@example.com", f"Zoë {FAMILY}")] if is_message else [])
    assert one[3] == ("CANCELLED" if kind == "cancelled" else "CONFIRMED")
    assert one[6] == {"pl": "Konsultacja", "en": "Consultation", "de": "Konsultacja"}[locale] + " – Salon Ania"
    assert one[7] == f"Zoë {FAMILY}\n{FAMILY * 200}\n{PRICE[locale]}\n+48 12 000 01 40"
    assert one[8] == ADDRESS[locale]
    assert one[9] == ("mailto:salon@example.com" if sender else "mailto:salon-ania@no-reply.invalid")
    assert one[11] == ([] if kind == "cancelled" else [timedelta(hours=-1)])
    assert ("jan@" in text, "501234567" in text) == (is_message, False)
    if is_message:
        assert event["ATTENDEE"].parameters | {"PARTSTAT": "ACCEPTED", "RSVP": "FALSE"} == event["ATTENDEE"].parameters


def test_the_file_describes_the_appointment(make_profile, visit, accepted_at):
    """Times are those on the wall, texts in the appointment's language."""
    visit = replace(visit, note="Proszę o ciszę")

    text = build_appointment_ics(visit, make_profile(**SENDER), stamp=accepted_at)

    lines = text.replace("\r\n ", "").split("\r\n")
    assert (lines[0], lines[-2:]) == ("BEGIN:VCALENDAR", ["END:VCALENDAR", ""])
    for line in (
        "VERSION:2.0",
        "METHOD:PUBLISH",
        f"UID:{visit.appointment_id}@salon-ania",
        "DTSTAMP:20260112T070000Z",
        "DTSTART;TZID=Europe/Warsaw:20260113T100000",
        "DTEND;TZID=Europe/Warsaw:20260113T103000",
        "SUMMARY:Konsultacja – Salon Ania",
        "STATUS:CONFIRMED",
        "SEQUENCE:2",
        "DESCRIPTION:Jan\\nProszę o ciszę",
        'ORGANIZER;CN="Salon Ania":mailto:salon@example.com',
    ):
        assert line in lines


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
    text = build_notice_ics(replace(hold, state=state), make_profile(), stamp=hold.created_at, cancelled=cancelled)

    assert event_of(text)["status"] == status


@pytest.mark.parametrize(
    ("address", "named"),
    [
        ("salon@łódź.example", "mailto:salon@xn--d-uga0v4h.example"),
        ("o'brien+a%b/c?d&e=f#g@example.com", "mailto:o'brien+a%25b%2Fc%3Fd%26e%3Df%23g@example.com"),
        ("śalon@example.com", None),
    ],
)
def test_an_address_is_a_mailto_uri(make_profile, visit, address, named):
    """In ASCII and quoted (RFC 6068); where e-mails can name no reply address, nobody is invited."""
    text = write("confirmed", visit, make_profile(senders={"email": address}))

    event = check(text)
    assert event["ORGANIZER"].value == (named or "mailto:salon-ania@no-reply.invalid")
    assert ("ATTENDEE" in event) is bool(named)


@pytest.mark.parametrize("start", ["2026-10-24T23:45:00", "2026-10-25T00:00:00", "2026-10-25T01:30:00"])
def test_a_time_that_the_clocks_show_twice_is_in_utc(make_profile, visit, start):
    """Readers disagree about which of the two a local time means; the end counts too."""
    at = datetime.fromisoformat(start).replace(tzinfo=UTC)

    event = check(write("confirmed", replace(visit, start=at, end=at + timedelta(minutes=30)), make_profile(**SENDER)))

    assert event["DTSTART"].value == f"{at:%Y%m%dT%H%M%SZ}"


def test_a_service_that_is_no_longer_offered_keeps_its_id(make_profile, visit, accepted_at):
    """An appointment outlives its service in the profile."""
    event = event_of(build_appointment_ics(replace(visit, service_id="gone"), make_profile(), stamp=accepted_at))

    assert event["summary"] == "gone – Salon Ania"
    assert "location" not in event


@given(
    texts=st.tuples(*[st.sampled_from(HOSTILE) | st.text(max_size=MAX_NAME_CHARACTERS)] * 2),
    business=st.sampled_from(HOSTILE[:5] + HOSTILE[6:]),
    kind=st.sampled_from(KINDS),
)
def test_no_text_can_add_a_property(make_profile, make_hold, business, texts, kind):
    """All kinds of line breaks are escaped and control characters removed; the text itself stays."""
    address = {"en": f"1, Main Street\x07\ufffe{business}"}
    profile = make_profile(name=business, address=address, **SENDER)
    visit = make_hold(name=texts[0], note=texts[1], state=AppointmentState.CONFIRMED)

    text = write(kind, visit, profile)

    event = check(text)
    assert len(read(text)) + text.count("\r\nEND:") == len(text.replace("\r\n ", "").splitlines())
    assert event["ORGANIZER"].value == "mailto:salon@example.com"
    assert "ATTENDEE" not in event or event["ATTENDEE"].parameters["PARTSTAT"] == "ACCEPTED"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("character", ["a", "ł", "漢", "\N{GRINNING FACE}", ";", "\\", "\n", "\u0301"])
def test_long_texts_are_folded_between_characters(make_profile, visit, kind, character):
    """Wherever the limit of a line falls in a character of one to four octets."""
    for padding in range(4):
        visit = replace(
            visit,
            name=("x" * padding + character * MAX_NAME_CHARACTERS)[:MAX_NAME_CHARACTERS],
            note=("x" * padding + character * MAX_NOTE_CHARACTERS)[:MAX_NOTE_CHARACTERS],
        )
        address = "x" * padding + character.strip() * 190 + "y"
        text = write(kind, visit, make_profile(address=address, **SENDER))

        check(text)
        assert len(json.dumps(text, ensure_ascii=False).encode()) < MAX_FRAME_BYTES / 2


def test_a_visitors_text_is_read_back_unchanged(make_profile, visit):
    """A reader of the file undoes the escaping, also of the name in a parameter (RFC 6868)."""
    visit = replace(visit, name='Jan "J"; K ^n', note="first, line\nsecond\\line")

    event = event_of(write("confirmed", visit, make_profile(**SENDER)))

    assert event["description"] == 'Jan "J"; K ^n\nfirst, line\nsecond\\line'
    assert event["attendee"].params["CN"] == 'Jan "J"; K ^n'


def test_a_file_names_price_and_telephone_number_of_the_business(make_profile, visit):
    """In the description, below what the visitor typed; nothing in them adds a property."""
    for price in ("from 120 zł", *HOSTILE):
        service = {"id": visit.service_id, "name": {"pl": "Masaż"}, "duration_minutes": 30, "price": {"en": price}}
        profile = make_profile(phone="+48 22 123 45 67", services=[service], **SENDER)
        for kind in KINDS:
            text = write(kind, replace(visit, name="Jan", note="a note"), profile)
            check(text)
            lines = str(event_of(text)["description"]).split("\n")
            assert lines[:2] == ["Jan", "a note"]
            assert lines[-1] == "+48 22 123 45 67"
            assert len(lines) == 3 + bool(remove_control_characters(profile.services[0].price.choose_text("en")))
