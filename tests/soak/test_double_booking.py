"""Ten thousand attempts of a crowd, 200 at once, on the emulated tables, while the owner works in the calendar.

No two visits share a lane and an instant; in the end calendar, notices and tables agree.
"""

import time
from collections import Counter

import pytest

from tests.contracts.stores.test_double_booking import an_evening

ATTEMPTS, AT_ONCE = 10_000, 200
KINDS = {
    "create: booking.pending",
    "create: SLOT_TAKEN",
    "create: INVALID_TIME",
    "verify: booking.confirmed",
    "verify: CODE_INVALID",
    "verify: CODE_EXPIRED",
    "reschedule: booking.rescheduled",
    "reschedule: booking.pending",
    "reschedule: SLOT_TAKEN",
    "cancel: booking.cancelled",
}


@pytest.mark.soak
async def test_ten_thousand_attempts_never_share_a_time(dynamodb, seed):
    """Every wave is checked: overlaps, winners, caps, one hold a session, the owner's busy times, what losers get."""
    started_at = time.monotonic()
    evening = await an_evening(dynamodb, seed=seed, waves=ATTEMPTS // AT_ONCE, at_once=AT_ONCE)
    outcomes = evening.crowd.outcomes
    for kind, count in sorted(outcomes.items()):
        print(f"{count:6} {kind}")
    for kind, count in sorted(evening.owner.actions.items()):
        print(f"{count:6} owner: {kind}")
    visits = Counter(visit.state.value for visit in await evening.appointments())
    notices = Counter((one.type, one.by) for one in evening.crowd.notices.delivered if hasattr(one, "by"))
    print(f"{time.monotonic() - started_at:.0f} s; visits: {dict(visits)}; notices: {dict(notices)}")
    assert sum(outcomes.values()) - outcomes["tried again"] == ATTEMPTS
    # Which kinds come is left to chance: a seed that lacks one says so.
    print(f"never came: {sorted(KINDS - set(outcomes)) or 'none'}")
