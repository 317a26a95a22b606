"""What the suites of the ledger share: dead letters, and the changes that a desk makes."""

from dataclasses import replace
from datetime import timedelta

from shared.ids import derive_failure_id, new_id
from shared.ledger.failures import Failure, FailureState
from tests.fakes.clock import NOON

SECOND = timedelta(seconds=1)


def make_dead_letter(key=None, **changes):
    """Return a failure with the data of its dead letter."""
    key = key or new_id()
    failure = Failure(
        failure_id=derive_failure_id("booking", key),
        queue="booking",
        group="session",
        payload='{"data":{"contact":"anna@example.com"}}',
        reason="calendar_access_revoked",
        error="the key is refused",
        attempts=1,
        first_at=NOON,
        last_at=NOON,
        type="booking.create",
        tenant="salon",
        session_id="session",
        command_id=key,
        trace="1-5759e988-bd862e3fe1be46a994272793",
    )
    return replace(failure, **changes)


def make_unreadable_failure(**changes):
    """Return a failure of which nothing is known but its text."""
    failure = Failure(
        failure_id=derive_failure_id("chat", new_id()),
        queue="chat",
        group=None,
        payload="\x00 no \ud800 JSON \U0001f984",
        reason="not_json",
        error="the body is not a JSON object",
        attempts=0,
        first_at=NOON,
        last_at=NOON,
    )
    return replace(failure, **changes)


async def record_change(ledger, failure, **changes):
    """Change a failure as the desk does."""
    new = replace(failure, version=failure.version + 1, **changes)
    assert await ledger.change(new)
    return new


async def record_replay(ledger, failure, number=1):
    return await record_change(ledger, failure, state=FailureState.REPLAYING, replays=number)
