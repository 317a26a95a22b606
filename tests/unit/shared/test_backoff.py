"""How long callers wait before another try."""

from hypothesis import given
from hypothesis import strategies as st

from shared.backoff import compute_backoff_seconds

ROLLS = st.floats(0, 1, exclude_max=True)
SECONDS = st.floats(0.001, 3600)


@given(attempt=st.integers(1, 100_000), base=SECONDS, cap=SECONDS, fixed=st.floats(0, 1), roll=ROLLS)
def test_a_wait_stays_between_its_fixed_part_and_its_maximum(attempt, base, cap, fixed, roll):
    """However many attempts there were, and never over the cap."""
    wait = compute_backoff_seconds(
        attempt, base_seconds=base, cap_seconds=cap, fixed_share=fixed, random_source=lambda: roll
    )
    max_seconds = min(cap, base * 2 ** min(attempt - 1, 40))

    assert max_seconds * fixed * 0.999 <= wait <= max_seconds * 1.001


@given(attempt=st.integers(1, 50), one=ROLLS, other=ROLLS)
def test_the_jitter_is_full(attempt, one, other):
    """A roll of 0 is at once, and a higher roll never a shorter wait."""
    waits = {
        roll: compute_backoff_seconds(attempt, base_seconds=1, cap_seconds=120, random_source=lambda r=roll: r)
        for roll in (0, one, other)
    }

    assert waits[0] == 0
    assert waits[min(one, other)] <= waits[max(one, other)]


def test_the_maximum_waits_double_up_to_the_cap():
    """One second, two, four, and so on to two minutes."""
    max_seconds = [
        compute_backoff_seconds(attempt, base_seconds=1, cap_seconds=120, random_source=lambda: 1)
        for attempt in range(1, 10)
    ]

    assert max_seconds == [1, 2, 4, 8, 16, 32, 64, 120, 120]


def test_two_callers_who_failed_together_do_not_come_back_together():
    """Without a source of their own they draw."""
    assert len({compute_backoff_seconds(5, base_seconds=1, cap_seconds=120) for _ in range(20)}) > 10
