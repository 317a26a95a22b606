"""When operators are alerted about problems that no retry solves."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.errors import TransientError
from shared.messages.commands import BOOKING_COMMAND

LEASE = timedelta(seconds=30)


async def give_up(world, command, reason):
    claim = await world.claims.claim(command.claim_key, fingerprint="f", lease=LEASE)
    await world.handler.give_up(command, claim, reason)


def internal_command(world, **fields):
    return BOOKING_COMMAND.validate_python(
        {
            "id": "own-command",
            "tenant": "salon-ania",
            "session_id": "session",
            "accepted_at": world.clock.now(),
            "locale": "pl",
            **fields,
        }
    )


@pytest.mark.parametrize(
    ("reason", "advice"),
    [
        ("calendar_access_revoked", "new key"),
        ("calendar_forbidden", "Share the calendar"),
        ("calendar_unknown", "calendar_id"),
        ("calendar_not_configured", "GOOGLE_SERVICE_ACCOUNT_KEY"),
        ("calendar_account_missing", "CaldavSecretName"),
        ("calendar_account_refused", "CaldavSecretName"),
        ("calendar_request_refused", "the log"),
    ],
)
async def test_an_unusable_calendar_alerts_the_operators(world, reason, advice):
    """The alert says what to do and contains nothing about the visitor, who is notified that the command failed."""
    await give_up(world, world.create_command(name="Kowalska"), reason)

    [notice] = world.notices.delivered
    assert (notice.type, notice.tenant, notice.data.reason) == ("notice.alert", "salon-ania", reason)
    assert advice in notice.data.advice
    assert "kowalska" not in notice.model_dump_json().lower()
    assert world.frames() == ["error"]


@pytest.mark.parametrize("reason", ["bug", "timeout", "attempts_exhausted", "too_many_buckets", "bad_profile"])
async def test_other_failures_cause_no_alert(world, reason):
    """The dead letter and its metrics are enough."""
    await give_up(world, world.create_command(), reason)
    assert world.notices.delivered == []


async def test_there_is_one_alert_an_hour_for_each_reason(world):
    """However many commands fail; another reason or the next hour causes another alert."""
    world.clock.set(datetime(2026, 1, 12, 8, 30, tzinfo=UTC))
    for session in ("one", "two", "three"):
        await give_up(world, world.create_command(session=session), "calendar_access_revoked")
    assert len(world.notices.delivered) == 1
    await give_up(world, world.create_command(session="four"), "calendar_unknown")
    assert len(world.notices.delivered) == 2
    world.clock.advance(timedelta(minutes=30))
    await give_up(world, world.create_command(session="five"), "calendar_access_revoked")
    assert len(world.notices.delivered) == 3


async def test_an_alert_that_can_not_be_queued_is_retried(world):
    """The command is not completed before: giving up is repeated completely."""
    world.notices.errors.append(TransientError("sqs"))
    command = world.create_command()
    with pytest.raises(TransientError):
        await give_up(world, command, "calendar_access_revoked")
    assert world.frames() == []
    assert not world.claims.records[command.claim_key].done


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "calendar.tick", "data": {}},
        {"type": "calendar.sync", "data": {"calendar_id": "calendar"}},
        {"type": "calendar.changed", "data": {"appointment_id": "0123456789"}},
        {
            "type": "booking.remind",
            "data": {"appointment_id": "0123456789", "start": "2026-01-13T09:00:00Z", "hours_before": 2},
        },
    ],
)
async def test_an_internal_command_fails_without_a_frame(world, fields):
    """No visitor waits for it; its record is completed, and a repeat sends nothing either."""
    command = internal_command(world, **fields)
    await give_up(world, command, "bug")
    await world.handler.repeat_outcome(command, None)
    await world.handler.refuse_reused_id(command)
    assert world.frames() == []
    assert world.poster.posted == []
    assert world.claims.records[command.claim_key].done
