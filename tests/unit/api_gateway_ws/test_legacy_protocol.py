"""The predecessor's plain-text commands, however its pages spell them."""

from datetime import UTC, datetime

import pytest

from api_gateway_ws.legacy_protocol import is_legacy_frame
from api_gateway_ws.routes import Sender, route_frame
from shared.messages.commands import BookingCreate, BookingVerify, ChatSend
from shared.messages.errors import ErrorCode

SPEAKER = Sender("salon-ania", "session", "connection", "pl")
APPOINTMENT = "0123456789abcdefghijklmnopqrstuv"


def routed(text, fresh="fresh"):
    return route_frame(text, SPEAKER, accepted_at=datetime(2026, 1, 12, 12, tzinfo=UTC), fresh_id=lambda: fresh)


@pytest.mark.parametrize(
    ("text", "start", "contact", "service"),
    [
        ("BOOK_APPOINTMENT:2026-01-13T10:00,jan@example.com,massage", "2026-01-13T10:00", "jan@example.com", "massage"),
        ("book_appointment:2026-01-13 10:00,jan@example.com,massage", "2026-01-13 10:00", "jan@example.com", "massage"),
        (
            "  Book_Appointment :  2026-01-13T10:00 ,  jan@example.com ,  massage \n",
            "2026-01-13T10:00",
            "jan@example.com",
            "massage",
        ),
        (
            "BOOK_APPOINTMENT:2026-01-13T10:00+01:00,Nowak, Jan, jan@example.com,massage",
            "2026-01-13T10:00+01:00",
            "Nowak,Jan,jan@example.com",
            "massage",
        ),
        (
            "BOOK_APPOINTMENT:2026-01-13T10:00,jan@example.com,masaż,relaks",
            "2026-01-13T10:00",
            "jan@example.com,masaż",
            "relaks",
        ),
        (
            "BOOK_APPOINTMENT:2026-01-13T10:00,\njan@example.com,\nmassage",
            "2026-01-13T10:00",
            "jan@example.com",
            "massage",
        ),
    ],
)
def test_a_booking_is_read_from_both_ends(text, start, contact, service):
    """The first field is the time and the last the service; commas in between belong to the contact."""
    command = routed(text)

    assert isinstance(command, BookingCreate)
    assert (command.data.start, command.data.contact, command.data.service) == (start, contact, service)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("BOOK_APPOINTMENT:", ErrorCode.INVALID_TIME),
        ("BOOK_APPOINTMENT:,,", ErrorCode.INVALID_TIME),
        ("BOOK_APPOINTMENT:,jan@example.com,massage", ErrorCode.INVALID_TIME),
        ("BOOK_APPOINTMENT:2026-01-13T10:00", ErrorCode.INVALID_CONTACT),
        ("BOOK_APPOINTMENT:2026-01-13T10:00,massage", ErrorCode.INVALID_CONTACT),
        ("BOOK_APPOINTMENT:2026-01-13T10:00,jan@example.com,", ErrorCode.UNKNOWN_SERVICE),
        ("VERIFY_APPOINTMENT:", ErrorCode.UNKNOWN_APPOINTMENT),
        ("VERIFY_APPOINTMENT:,123456", ErrorCode.UNKNOWN_APPOINTMENT),
        (f"VERIFY_APPOINTMENT:{APPOINTMENT}", ErrorCode.CODE_INVALID),
        (f"VERIFY_APPOINTMENT:{APPOINTMENT}, ", ErrorCode.CODE_INVALID),
    ],
)
def test_a_missing_field_is_named(text, code):
    """A page that sends half a command hears which half is missing."""
    assert routed(text).code == code


@pytest.mark.parametrize(
    "text",
    [
        f"VERIFY_APPOINTMENT:{APPOINTMENT},123456",
        f"verify_appointment: {APPOINTMENT.upper()} , 123456 ",
        f"\tVERIFY_APPOINTMENT :{APPOINTMENT},\n123456",
    ],
)
def test_a_code_is_read_however_it_is_spaced(text):
    """Case and spaces of the id do not matter; the code goes on as it was typed."""
    command = routed(text)

    assert isinstance(command, BookingVerify)
    assert (command.data.appointment_id, command.data.code) == (APPOINTMENT, "123456")


@pytest.mark.parametrize(
    "text",
    [
        "Please BOOK_APPOINTMENT:2026-01-13T10:00,a@b.pl,massage",
        "BOOK_APPOINTMENT",
        "BOOK_APPOINTMENTS:a,b,c",
        "Cześć!",
    ],
)
def test_only_a_text_that_begins_with_a_command_is_one(text):
    """A visitor may write about a command without giving it."""
    command = routed(text)

    assert isinstance(command, ChatSend)
    assert command.data.text == text


def test_each_text_gets_a_fresh_id():
    """Two equal texts are two commands; that they do no harm is the domain's business."""
    one, other = routed("Hello", "1"), routed("Hello", "2")

    assert (one.client_id, other.client_id) == ("text-1", "text-2")
    assert one.id != other.id


@pytest.mark.parametrize(("text", "legacy"), [("{}", False), ("  \n{", False), ("[]", True), ("a{", True)])
def test_a_brace_at_the_start_makes_a_frame(text, legacy):
    """Only a JSON object is the new protocol."""
    assert is_legacy_frame(text) is legacy
