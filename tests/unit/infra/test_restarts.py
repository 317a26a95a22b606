"""When a process of the local stack is started again."""

import pytest

from infra.local.restarts import Restarts


def waits_after(ends):
    history, waits = Restarts(), []
    for end in ends:
        history = history.add_end(end)
        waits.append(history.choose_wait())
    return waits


@pytest.mark.parametrize(
    ("ends", "waits"),
    [
        pytest.param([7], [0.5], id="the first end: soon"),
        pytest.param([0, 1, 3, 6], [0.5, 1, 2, 4], id="each wait is twice the one before"),
        pytest.param([0, 1, 3, 6, 11], [0.5, 1, 2, 4, None], id="the fifth end in a minute: it stays down"),
        pytest.param([0, 59.9, 60.1], [0.5, 1, 1], id="ends of more than a minute ago do not count"),
        pytest.param([0, 1, 3, 6, 66.1], [0.5, 1, 2, 4, 0.5], id="a minute of work, and the waits are short again"),
        pytest.param([n * 16.0 for n in range(9)], [0.5, 1, 2, *[4] * 6], id="one end in 16 s goes on, 4 s at most"),
    ],
)
def test_waits(ends, waits):
    """The wait doubles with each end in the last minute, and the fifth end is the last."""
    assert waits_after(ends) == waits
