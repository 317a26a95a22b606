"""Code that does not end by itself is stopped, and what comes after it is not."""

import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from workers.booking.adapters.caldav.thread_time_limit import TimeIsUpError, run_with_time_limit


def count(numbers):
    """Run a loop that catches every exception that a library would."""
    for number in numbers:
        try:
            divmod(number, 3)
        except Exception:  # noqa: BLE001, S112  # what a library might do
            continue
    return "finished"


def run_limited(seconds, numbers):
    return run_with_time_limit(seconds, lambda: count(numbers))


@pytest.mark.parametrize("on_a_thread", [False, True])
def test_an_endless_loop_is_stopped(on_a_thread):
    """On the main thread, and on one of a pool, which is then free for other work."""
    with ThreadPoolExecutor(1) as pool:
        run = (lambda *limited: pool.submit(run_limited, *limited).result()) if on_a_thread else run_limited
        with pytest.raises(TimeIsUpError):
            run(0.02, itertools.count())
        assert run(1, range(1000)) == "finished"


def test_another_error_is_raised_as_it_is():
    """The limit only adds an end."""
    with pytest.raises(ZeroDivisionError):
        run_with_time_limit(1, lambda: 1 // 0)


def test_a_limit_that_ends_with_the_work_stops_nothing_else():
    """Whether the work was stopped or finished, what follows runs on."""
    for _ in range(100):
        with suppress(TimeIsUpError):
            run_with_time_limit(0.001, lambda: time.sleep(0.00095))
        assert sum(range(2000)) == 1_999_000
