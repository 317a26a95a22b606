"""Every command of the golden file becomes what the file says, before any queue."""

from collections import Counter
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from api_gateway_ws.routes import RefusedFrame, route_frame
from api_gateway_ws.sender import Sender
from shared.messages.commands import AnyCommand
from tests.golden.predecessor_commands import Entry, booking_values, code_values, entries
from workers.booking.domain.local_time import parse_start

ENTRIES = entries()
SPEAKER = Sender("salon-ania", "session", "connection", "pl")
WARSAW = ZoneInfo("Europe/Warsaw")
TUESDAY_NINE = datetime(2027, 1, 12, 9, tzinfo=WARSAW)
VALUES = booking_values(TUESDAY_NINE, "jan@example.com", "600100200") | code_values(
    "0123456789abcdefghijklmnopqrstuv", "012345"
)


def routed(text: str) -> AnyCommand | RefusedFrame:
    return route_frame(text, SPEAKER, accepted_at=datetime(2027, 1, 11, 12, tzinfo=UTC), fresh_id=lambda: "fresh")


@pytest.mark.parametrize("entry", ENTRIES, ids=[entry.text[:60] for entry in ENTRIES])
def test_a_command_becomes_what_the_file_says(entry: Entry):
    """A frame with exactly these data, or a refusal that names the field."""
    entry = entry.filled(VALUES)
    asked = routed(entry.text)

    if isinstance(asked, RefusedFrame):
        assert (asked.code, asked.re) == (entry.refused, "text-fresh" if entry.refused != "TOO_LARGE" else None)
    else:
        assert (asked.type, asked.client_id) == (entry.becomes, "text-fresh")
        assert asked.data.model_dump(exclude_defaults=True) == entry.data


@pytest.mark.parametrize("entry", [entry for entry in ENTRIES if entry.ends == "booking.pending"])
def test_every_spelling_of_a_time_is_the_same_instant(entry: Entry):
    """What can be booked is the time that the page meant."""
    assert parse_start(entry.filled(VALUES).data["start"], WARSAW) == TUESDAY_NINE


def test_the_file_shows_good_and_bad():
    """At least sixty commands, none twice under the same conditions, and every outcome that there is."""
    assert len(ENTRIES) >= 60
    assert max(Counter((entry.text, entry.given) for entry in ENTRIES).values()) == 1
    outcomes = Counter(entry.ends or entry.refused for entry in ENTRIES)
    assert set(outcomes) == {
        *("booking.pending", "booking.confirmed", "INVALID_TIME", "INVALID_CONTACT", "UNKNOWN_SERVICE"),
        *("UNKNOWN_APPOINTMENT", "CODE_INVALID", "TOO_LARGE"),
    }
