"""A failure made readable: without personal data unless somebody asks for it, which is on record."""

import json

from ops.desk.domain.values import Forecast, ForecastKind, NotPossibleReason
from tests.fakes.desk import ANNA, failed_booking
from tests.fakes.envelopes import command_body


def shown(details):
    return {line.name: line.value for line in details.lines}


async def test_personal_data_is_masked(world):
    """A passer-by learns which service at what time, and nothing of the visitor."""
    one = await world.failed(
        data={
            "start": "2026-01-13T10:00",
            "contact": "jan.kowalski@example.com",
            "service": "massage",
            "name": "Jan Kowalski",
            "note": "my back hurts, call +48 601 234 567",
        }
    )
    details = await world.desk.show(ANNA, one)
    assert shown(details) == {
        "start": "2026-01-13T10:00",
        "contact": "j***@e***.com",
        "service": "massage",
        "name": "***",
        "note": "***",
    }
    assert "kowalski" not in repr(details).casefold()
    assert (details.data, details.failure.payload) == (None, "")
    assert [entry.action for entry in world.kept(one).audit_trail] == ["failed"]


async def test_a_look_at_personal_data_is_on_record(world):
    """The story says who looked, and when."""
    one = await world.failed()
    details = await world.desk.show(ANNA, one, unmasked=True)
    assert shown(details)["contact"] == "jan@example.com"
    assert details.data["name"] == "Jan"
    assert [(entry.by, entry.action) for entry in world.kept(one).audit_trail][-1] == ("anna", "unmasked")


async def test_codes_and_links_are_masked(world):
    """What lets somebody act for a visitor is shown no more than their address."""
    secret = {"appointment_id": "0123456789abcdef", "code": "123456"}
    one = await world.failed(payload=command_body(type="booking.verify", data=secret))
    details = await world.desk.show(ANNA, one)
    assert shown(details) == {"appointment_id": "0123456789abcdef", "code": "***"}
    two = await world.failed("k2", payload=command_body("k2", type="booking.cancel", data={"link": "a" * 40}))
    assert shown(await world.desk.show(ANNA, two)) == {"link": "***"}


async def test_harmless_fields_are_searched_too(world):
    """A visitor who types a number where the time belongs has it masked all the same."""
    one = await world.failed(data={"start": "+48 601 234 567", "contact": "x", "service": "a@b.example"})
    assert shown(await world.desk.show(ANNA, one)) == {"start": "***", "contact": "***", "service": "[email]"}


async def test_what_can_not_be_read_is_not_shown_by_the_way(world):
    """Only its length is told; whoever needs the text asks for it."""
    one = await world.failed(payload="jan@example.com wants <b>massage")
    details = await world.desk.show(ANNA, one)
    assert (details.lines[0].value, details.lines[0].unreadable_characters) == ("***", 32)
    assert not details.is_editable
    plain = await world.desk.show(ANNA, one, unmasked=True)
    assert plain.lines[0].value == "jan@example.com wants <b>massage"


async def test_a_case_says_what_a_replay_would_do(world):
    """And why there would be none now."""
    one = await world.failed()
    world.forecaster.by_failure[one] = Forecast(ForecastKind.OCCUPIED)
    details = await world.desk.show(ANNA, one)
    assert (details.forecast.kind, details.blocked) == (ForecastKind.OCCUPIED, None)
    await world.desk.replay(ANNA, one)
    assert (await world.desk.show(ANNA, one)).blocked.why is NotPossibleReason.REPLAYING


def test_a_failure_does_not_print_its_payload():
    """Neither do logs and tracebacks that have one in them."""
    assert "jan@example.com" not in repr(failed_booking())
    assert json.loads(failed_booking().payload)["data"]["contact"] == "jan@example.com"
