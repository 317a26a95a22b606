"""Which calls a rule strikes, and which orders are refused."""

import pytest

from tests.broker.faults import Faults, Rule


@pytest.mark.parametrize(
    "order",
    [
        {"kind": "x"},
        {},
        {"kind": "reset", "probability": 2},
        {"kind": "latency"},
        {"kind": "reset", "times": 0},
        {"kind": "reset", "often": 1},
    ],
)
def test_an_unclear_order_is_refused(order):
    """A rule that can't be carried out is refused when it is given."""
    with pytest.raises((ValueError, TypeError)):
        Rule.parsed(order)


def test_a_rule_strikes_its_action_as_often_as_ordered():
    """The first rule that fits strikes; one with `times` ends."""
    faults = Faults(seed=1)
    faults.rules = [Rule("throttle", action="SendMessage", times=2), Rule("reset", action="DeleteMessage")]
    actions = ["SendMessage", "DeleteMessage", "ReceiveMessage", "SendMessage", "SendMessage"]
    struck = [rule and rule.kind for rule in map(faults.take, actions)]
    assert struck == ["throttle", "reset", None, "throttle", None]


def test_probability():
    """A rule strikes about as often as its probability says."""
    faults = Faults(seed=1)
    faults.rules = [Rule("error500", probability=0.25)]
    assert 200 < sum(faults.take("SendMessage") is not None for _ in range(1000)) < 300
