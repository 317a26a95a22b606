"""Which calls a fault affects."""

import pytest

from infra.local.google_calendar.faults import Faults, parse_fault


async def test_a_fault_affects_its_calls_as_often_as_requested():
    """A fault affects the requested number of calls of its path; without a path never those of the token endpoint."""
    faults = Faults()
    faults.add(parse_fault({"kind": "quota", "times": 2, "path": "events"}))
    faults.add(parse_fault({"kind": "stall", "seconds": 1}))
    assert faults.take_matching("token") is None
    struck = [faults.take_matching(target) for target in ("events", "freebusy", "events", "events")]
    assert [fault and fault.kind for fault in struck] == ["quota", "stall", "quota", None]
    assert faults.report() == {"pending": [], "struck": {"quota": 2, "stall": 1}}


@pytest.mark.parametrize("order", [{}, {"kind": "x"}, {"kind": "quota", "times": 0}, {"kind": "stall", "path": "x"}])
def test_an_invalid_fault_is_refused(order):
    """An invalid fault is refused with the reason."""
    with pytest.raises(ValueError, match="is"):
        parse_fault(order)
