"""The details of a failure: personal data is masked, and unmasking is recorded."""

import json

from ops.desk.domain.values import Forecast, ForecastKind, NotPossibleReason
from tests.fakes.desk import ANNA, failed_booking
from tests.fakes.envelopes import command_body


def values_of(details):
    return {line.name: line.value for line in details.lines}


async def test_personal_data_is_masked(world):
    """The service and the time are visible, and nothing about the visitor."""
    one = await world.failed(
        data={
            "start": "2026-01-13T10:00",
            "contact": "jan.kowalski@example.com",
            "service": "massage",
            "name": "Jan Kowalski",
            "note": "my back hurts, call +48 601 234 567",
        }
    )
    details = await world.desk.show_failure(ANNA, one)
    assert values_of(details) == {
        "start": "2026-01-13T10:00",
        "contact": "j***@e***.com",
        "service": "massage",
        "name": "***",
        "note": "***",
    }
    assert "kowalski" not in repr(details).casefold()
    assert (details.data, details.failure.payload) == (None, "")
    assert [entry.action for entry in world.kept(one).audit_trail] == ["failed"]


async def test_unmasking_is_recorded(world):
    """The audit trail says who saw personal data, and when."""
    one = await world.failed()
    details = await world.desk.show_failure(ANNA, one, unmasked=True)
    assert values_of(details)["contact"] == "jan@example.com"
    assert details.data["name"] == "Jan"
    assert [(entry.by, entry.action) for entry in world.kept(one).audit_trail][-1] == ("anna", "unmasked")


async def test_codes_and_links_are_masked(world):
    """They would let an operator act for the visitor."""
    secret = {"appointment_id": "0123456789abcdef", "code": "123456"}
    one = await world.failed(payload=command_body(type="booking.verify", data=secret))
    details = await world.desk.show_failure(ANNA, one)
    assert values_of(details) == {"appointment_id": "0123456789abcdef", "code": "***"}
    two = await world.failed("k2", payload=command_body("k2", type="booking.cancel", data={"link": "a" * 40}))
    assert values_of(await world.desk.show_failure(ANNA, two)) == {"link": "***"}


async def test_personal_data_in_harmless_fields_is_masked(world):
    """For example a telephone number in the field for the time."""
    one = await world.failed(data={"start": "+48 601 234 567", "contact": "x", "service": "a@b.example"})
    assert values_of(await world.desk.show_failure(ANNA, one)) == {
        "start": "***",
        "contact": "***",
        "service": "[email]",
    }


async def test_an_unreadable_payload_is_masked(world):
    """Only its length is visible; the text has to be requested."""
    one = await world.failed(payload="jan@example.com wants <b>massage")
    details = await world.desk.show_failure(ANNA, one)
    assert (details.lines[0].value, details.lines[0].unreadable_characters) == ("***", 32)
    assert not details.is_editable
    unmasked = await world.desk.show_failure(ANNA, one, unmasked=True)
    assert unmasked.lines[0].value == "jan@example.com wants <b>massage"


async def test_details_have_the_forecast(world):
    """They also say why no replay is possible now."""
    one = await world.failed()
    world.forecaster.by_failure[one] = Forecast(ForecastKind.OCCUPIED)
    details = await world.desk.show_failure(ANNA, one)
    assert (details.forecast.kind, details.blocked) == (ForecastKind.OCCUPIED, None)
    await world.desk.replay_failure(ANNA, one)
    assert (await world.desk.show_failure(ANNA, one)).blocked.why is NotPossibleReason.REPLAYING


def test_a_failures_repr_has_no_payload():
    """So logs and tracebacks with a failure do not print it either."""
    assert "jan@example.com" not in repr(failed_booking())
    assert json.loads(failed_booking().payload)["data"]["contact"] == "jan@example.com"
