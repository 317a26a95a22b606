"""Which calls a fault strikes."""

import pytest

from infra.local.google_calendar.faults import Faults, parsed


async def test_a_fault_strikes_its_own_calls_and_no_more():
    """A fault is taken as often as ordered, by its own calls; without a path never by the token."""
    faults = Faults()
    faults.order(parsed({"kind": "quota", "times": 2, "path": "events"}))
    faults.order(parsed({"kind": "stall", "seconds": 1}))
    assert faults.take("token") is None
    struck = [faults.take(target) for target in ("events", "freebusy", "events", "events")]
    assert [fault and fault.kind for fault in struck] == ["quota", "stall", "quota", None]
    assert faults.report() == {"pending": [], "struck": {"quota": 2, "stall": 1}}


@pytest.mark.parametrize("order", [{}, {"kind": "x"}, {"kind": "quota", "times": 0}, {"kind": "stall", "path": "x"}])
def test_an_unclear_fault_is_refused(order):
    """An order that can not be carried out says what is wrong with it."""
    with pytest.raises(ValueError, match="is"):
        parsed(order)
