"""The calendar files of one visit: confirmed, moved, moved again and cancelled, as e-mails and frames have them."""

from dataclasses import replace
from email import message_from_bytes
from email.policy import SMTP

import pytest
from icalendar import Calendar

from shared.conversations.replies import Replies
from shared.tenants.profile import Senders
from tests.unit.workers.booking.handler.owner import LATER, follow
from tests.unit.workers.booking.ics_rules import check, read_with_ical
from workers.booking.handler import BookingHandler
from workers.notifications.adapters.email_templates import JinjaEmailTemplates
from workers.notifications.adapters.ses import SesMailer

EMAIL_TEMPLATES = JinjaEmailTemplates()
TIMES = ("2026-01-14T10:00", "2026-01-15T14:30")
ADDRESS = {"pl": "ul. Długa 5", "en": "5 Długa Street", "de": "Długa-Straße 5"}
PHONE = "+48 501 234 567"


class FakeSes:
    """The one method of the SES client that is used."""

    def __init__(self):
        self.messages = []

    async def send_email(self, **arguments):
        self.messages.append(message_from_bytes(arguments["Content"]["Raw"]["Data"], policy=SMTP))


async def open_file(world, notice):
    """Send a notice as an e-mail; return its calendar file, and the method of the file's content type."""
    profile, ses = await world.tenants.get_profile("salon-ania"), FakeSes()
    email = EMAIL_TEMPLATES.render(notice, profile, code=None)
    await SesMailer(client=ses, sender="no-reply@stride.example").send(email)
    [part] = [each for each in ses.messages[0].walk() if each.get_content_type() == "text/calendar"]
    return part.get_payload(decode=True).decode(), dict(part["Content-Type"].params)["method"]


async def visit_with_changes(world, locale, contact, **then):
    """Hold a visit; then, with fields of the profile changed, confirm it, move it twice and cancel it.

    Return the files of the frames.
    """
    world.connections.open("session", "tab", locale=locale)
    which = {"appointment_id": await world.held(contact=contact, name="Zoë 🎈", note="Nur leise Musik; bitte, \\o/")}
    profiles = world.tenants.blocking.profiles
    profiles["salon-ania"] = profiles["salon-ania"].model_copy(update=then)
    frames = [await world.send("verify", code=world.code(which["appointment_id"]), **which)]
    frames += [await world.send("reschedule", start=start, **which) for start in TIMES]
    cancelled = await world.send("cancel", **which)
    assert cancelled.type == "booking.cancelled"
    return [frame.data.ics for frame in frames]


def read_uid_and_sequence(text):
    """Return what both parsers read."""
    [one] = Calendar.from_ical(text).walk("VEVENT")
    [other] = read_with_ical(text).events
    assert (str(one["uid"]), one["sequence"]) == (other.uid, other.sequence)
    return other.uid, other.sequence


@pytest.mark.exhaustive
@pytest.mark.parametrize("locale", ["pl", "en", "de"])
@pytest.mark.parametrize("sender", ["salon@example.com", None])
async def test_each_email_replaces_the_file_of_the_one_before(new_world, locale, sender):
    """One UID and a growing SEQUENCE; the business invites and cancels if it has an address for replies."""
    world = new_world(address=ADDRESS)
    published = await visit_with_changes(world, locale, "jan@example.com", senders=Senders(email=sender))

    notices = [notice for notice in world.notices.delivered if hasattr(notice, "ics")]
    files = [await open_file(world, notice) for notice in notices]

    methods = ["REQUEST", "REQUEST", "REQUEST", "CANCEL"] if sender else ["PUBLISH"] * 4
    assert [method for _, method in files] == methods
    versions = []
    for text, method in files:
        event = check(text)
        assert f"\r\nMETHOD:{method}\r\n" in text
        assert event["LOCATION"].value == ADDRESS[locale]
        assert event["STATUS"].value == ("CANCELLED" if text == files[-1][0] else "CONFIRMED")
        assert ("ATTENDEE" in event) is bool(sender)
        versions.append(read_uid_and_sequence(text))
    [uid] = {uid for uid, _ in versions}
    sequences = [sequence for _, sequence in versions]
    assert sequences == sorted(set(sequences))
    for text, same in zip(published, versions, strict=False):
        assert "ATTENDEE" not in check(text)
        assert ("METHOD:PUBLISH" in text, "jan@example.com" in text) == (True, False)
        assert read_uid_and_sequence(text) == same == (uid, same[1])


async def test_a_visitor_with_a_phone_is_not_invited(new_world):
    """Text messages have no files, and no file has the number."""
    world = new_world()
    replies = Replies(conversations=world.conversations, connections=world.connections, poster=world.poster)
    world.handler = BookingHandler(ports=replace(world.ports, sms_enabled=True), replies=replies, claims=world.claims)
    frames = await visit_with_changes(world, "en", PHONE)
    notices = [notice.ics for notice in world.notices.delivered if hasattr(notice, "ics")]

    for text in (*frames, *notices):
        assert "ATTENDEE" not in check(text)
        assert ("METHOD:PUBLISH" in text, "501234567" in text) == (True, False)


async def test_an_owners_move_and_cancellation_replace_the_file(visited):
    """As those of the visitor do."""
    visited.calendar.owner_moves(visited.appointment_id, LATER)
    await follow(visited)
    visited.calendar.owner_deletes(visited.appointment_id)
    await follow(visited, 2)

    files = [await open_file(visited, notice) for notice in visited.notices.delivered if hasattr(notice, "ics")]

    assert [method for _, method in files] == ["REQUEST", "REQUEST", "CANCEL"]
    [(one, first), (two, second), (three, third)] = [read_uid_and_sequence(text) for text, _ in files]
    assert (one == two == three, first < second < third) == (True, True)


async def test_a_lookup_publishes_the_visit(visited):
    """The link that opens it may have been passed on."""
    details = await visited.ask("lookup", appointment_id=visited.appointment_id)

    assert "ATTENDEE" not in check(details["data"]["ics"])
    assert "jan@example.com" not in details["data"]["ics"]
