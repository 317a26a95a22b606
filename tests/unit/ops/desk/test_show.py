"""A failure made readable: without personal data unless somebody asks for it, which is on record."""

import json

from ops.desk.domain.values import Forecast, ForecastKind, Why
from tests.fakes.desk import ANNA, failed_booking
from tests.fakes.envelopes import command_body


def shown(case):
    return {line.name: line.value for line in case.lines}


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
    case = await world.desk.show(ANNA, one)
    assert shown(case) == {
        "start": "2026-01-13T10:00",
        "contact": "j***@e***.com",
        "service": "massage",
        "name": "***",
        "note": "***",
    }
    assert "kowalski" not in repr(case).casefold()
    assert (case.data, case.failure.payload) == (None, "")
    assert [entry.action for entry in world.kept(one).audit_trail] == ["failed"]


async def test_a_look_at_personal_data_is_on_record(world):
    """The story says who looked, and when."""
    one = await world.failed()
    case = await world.desk.show(ANNA, one, unmasked=True)
    assert shown(case)["contact"] == "jan@example.com"
    assert case.data["name"] == "Jan"
    assert [(entry.by, entry.action) for entry in world.kept(one).audit_trail][-1] == ("anna", "unmasked")


async def test_codes_and_links_are_masked(world):
    """What lets somebody act for a visitor is shown no more than their address."""
    secret = {"appointment_id": "0123456789abcdef", "code": "123456"}
    one = await world.failed(payload=command_body(type="booking.verify", data=secret))
    case = await world.desk.show(ANNA, one)
    assert shown(case) == {"appointment_id": "0123456789abcdef", "code": "***"}
    two = await world.failed("k2", payload=command_body("k2", type="booking.cancel", data={"link": "a" * 40}))
    assert shown(await world.desk.show(ANNA, two)) == {"link": "***"}


async def test_harmless_fields_are_searched_too(world):
    """A visitor who types a number where the time belongs has it masked all the same."""
    one = await world.failed(data={"start": "+48 601 234 567", "contact": "x", "service": "a@b.example"})
    assert shown(await world.desk.show(ANNA, one)) == {"start": "***", "contact": "***", "service": "[email]"}


async def test_what_can_not_be_read_is_not_shown_by_the_way(world):
    """Only its length is told; whoever needs the text asks for it."""
    one = await world.failed(payload="jan@example.com wants <b>massage")
    case = await world.desk.show(ANNA, one)
    assert (case.lines[0].value, case.lines[0].unreadable_characters) == ("***", 32)
    assert not case.is_editable
    plain = await world.desk.show(ANNA, one, unmasked=True)
    assert plain.lines[0].value == "jan@example.com wants <b>massage"


async def test_a_case_says_what_a_replay_would_do(world):
    """And why there would be none now."""
    one = await world.failed()
    world.forecasts.told[one] = Forecast(ForecastKind.TAKEN)
    case = await world.desk.show(ANNA, one)
    assert (case.forecast.kind, case.blocked) == (ForecastKind.TAKEN, None)
    await world.desk.replay(ANNA, one)
    assert (await world.desk.show(ANNA, one)).blocked.why is Why.REPLAYING


def test_a_failure_does_not_print_its_payload():
    """Neither do logs and tracebacks that have one in them."""
    assert "jan@example.com" not in repr(failed_booking())
    assert json.loads(failed_booking().payload)["data"]["contact"] == "jan@example.com"
