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
        {"kind": "reset", "every": 0},
        {"kind": "reset", "often": 1},
    ],
)
def test_an_unclear_order_is_refused(order):
    """A rule that can't be carried out is refused when it is given."""
    with pytest.raises((ValueError, TypeError)):
        Rule.parse(order)


def test_a_rule_strikes_its_action_as_often_as_ordered():
    """The first rule that fits strikes; one with `times` ends."""
    faults = Faults(seed=1)
    faults.rules = [Rule("throttle", action="SendMessage", times=2), Rule("reset", action="DeleteMessage")]
    actions = ["SendMessage", "DeleteMessage", "ReceiveMessage", "SendMessage", "SendMessage"]
    struck = [rule and rule.kind for rule in map(faults.take, actions)]
    assert struck == ["throttle", "reset", None, "throttle", None]


def test_a_rule_strikes_the_first_call_and_every_nth():
    """Each action is counted for itself, so that calls in turn do not save one of them from every strike."""
    faults = Faults()
    faults.rules = [Rule("reset", every=3)]
    struck = [
        (action, faults.take(action) is not None) for _ in range(4) for action in ("ReceiveMessage", "DeleteMessage")
    ]
    assert [hit for action, hit in struck if action == "ReceiveMessage"] == [True, False, False, True]
    assert [hit for action, hit in struck if action == "DeleteMessage"] == [True, False, False, True]


def test_a_drawn_rule_strikes_the_same_calls_with_the_same_seed():
    """The strikes are about as many as the probability says, and can be had again."""
    struck = []
    for _ in range(2):
        faults = Faults(seed=1)
        faults.rules = [Rule("error500", probability=0.25)]
        struck.append([faults.take("SendMessage") is not None for _ in range(1000)])
    assert struck[0] == struck[1]
    assert 200 < sum(struck[0]) < 300
