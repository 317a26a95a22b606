"""When a pool stops: asked once it finishes, asked twice it ends now."""

import asyncio
import os
import signal

import pytest

from shared.consumer.stop import Stop, stop_on_signals
from tests.deadlines import DEADLINE_SECONDS

SIGNALS = [signal.SIGTERM, signal.SIGINT]


async def happens(event):
    async with asyncio.timeout(DEADLINE_SECONDS):
        await event.wait()


def test_the_first_request_is_to_finish():
    """Only the second one is in a hurry, and a third one changes nothing."""
    stop = Stop()
    assert (stop.requested.is_set(), stop.at_once.is_set()) == (False, False)
    stop.request()
    assert (stop.requested.is_set(), stop.at_once.is_set()) == (True, False)
    stop.request()
    stop.request()
    assert (stop.requested.is_set(), stop.at_once.is_set()) == (True, True)


@pytest.mark.parametrize("number", SIGNALS)
async def test_a_signal_asks_to_stop(number):
    """SIGTERM is what Fargate sends, SIGINT is Ctrl-C; one of them lets running handlers finish."""
    stop = Stop()
    with stop_on_signals(stop):
        os.kill(os.getpid(), number)
        await happens(stop.requested)
        assert not stop.at_once.is_set()


@pytest.mark.parametrize("first", SIGNALS)
@pytest.mark.parametrize("second", SIGNALS)
async def test_a_second_signal_asks_to_stop_at_once(first, second):
    """Whichever of them came first."""
    stop = Stop()
    with stop_on_signals(stop):
        os.kill(os.getpid(), first)
        await happens(stop.requested)
        os.kill(os.getpid(), second)
        await happens(stop.at_once)


async def test_signals_are_handled_only_inside():
    """Afterwards they do what they do anywhere, also when the body failed."""
    with pytest.raises(ValueError, match="bug"), stop_on_signals(Stop()):
        raise ValueError("bug")
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
