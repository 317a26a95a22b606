"""What a further dead letter makes of a failure, state by state."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.ledger.failures import Failure, FailureState
from shared.ledger.rules import merge_failure
from tests.fakes.clock import NOON

S = FailureState
KEPT = Failure(
    failure_id="f1",
    queue="booking",
    group="s1",
    payload="kept",
    reason="bug",
    error="KeyError",
    attempts=5,
    first_at=NOON,
    last_at=NOON,
    command_id="k1",
    replays=1,
)


@pytest.mark.parametrize(
    ("state", "replay", "becomes"),
    [
        (S.REPLAYING, 1, S.FAILED_AGAIN),
        (S.FAILED_AGAIN, 1, S.FAILED_AGAIN),
        # A worker may say that a replay is over both ways, when it dies between the two.
        (S.RESOLVED, 1, S.FAILED_AGAIN),
        (S.DISCARDED, 1, S.DISCARDED),
        (S.DISCARDED, 2, S.FAILED_AGAIN),
        (S.RESOLVED, 2, S.FAILED_AGAIN),
        (S.REPLAYING, 2, S.FAILED_AGAIN),
        # The dead letter of an older replay: a newer one is on its way, or has ended.
        (S.REPLAYING, 0, None),
        (S.RESOLVED, 0, None),
    ],
)
def test_a_later_dead_letter_of_a_replay(state, replay, becomes):
    """The latest replay counts, and a failure more than a success that was said of it."""
    dead_letter = replace(KEPT, replays=replay, last_at=NOON + timedelta(seconds=1), payload="dead_letter")
    result = merge_failure(replace(KEPT, state=state), dead_letter)
    assert (result and result.state) is becomes
    if result:
        assert result.payload == ("dead_letter" if replay > KEPT.replays else "kept")
        assert result.version == 2


@pytest.mark.parametrize("state", list(S))
@pytest.mark.parametrize("earlier", [timedelta(0), timedelta(hours=1)])
def test_a_dead_letter_that_was_merged_changes_nothing(state, earlier):
    """Whatever became of the failure since."""
    kept = replace(KEPT, state=state)
    assert merge_failure(kept, replace(KEPT, first_at=NOON - earlier, last_at=NOON - earlier)) is None


def test_another_copy_of_the_first_failure_is_still_the_first_failure():
    """A worker died between its copy and its word, and the next one made another."""
    kept = replace(KEPT, replays=0)
    result = merge_failure(kept, replace(kept, attempts=6, last_at=NOON + timedelta(seconds=1)))
    assert (result.state, result.attempts, result.first_at) == (S.FAILED, 6, NOON)
    assert [entry.action for entry in result.audit_trail] == ["failed"]


def test_what_can_be_read_by_now_is_its_businesss():
    """A newer release's message was recorded without a tenant; the dead letter of its replay names it."""
    unreadable = replace(KEPT, type=None, tenant=None, session_id=None, reason="newer_version")
    read = replace(
        KEPT, replays=2, last_at=NOON + timedelta(seconds=1), type="booking.create", tenant="salon", session_id="s1"
    )
    known = merge_failure(unreadable, read)
    assert (known.type, known.tenant, known.session_id) == ("booking.create", "salon", "s1")


def test_what_could_be_read_once_stays_its_businesss():
    """Nothing that an older release does not read takes it away, nor says that it is another's."""
    kept = replace(KEPT, type="booking.create", tenant="salon", session_id="s1")
    later = {"replays": 2, "last_at": NOON + timedelta(seconds=1)}
    for dead_letter in (
        replace(KEPT, **later, type=None, tenant=None, session_id=None),
        replace(KEPT, **later, type="booking.cancel", tenant="clinic", session_id="s2"),
    ):
        now = merge_failure(kept, dead_letter)
        assert (now.type, now.tenant, now.session_id) == ("booking.create", "salon", "s1")
