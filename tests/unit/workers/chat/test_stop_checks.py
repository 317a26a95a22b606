"""Checks of many answers at once: one read for those that ask within a moment."""

import asyncio

import pytest

from shared.errors import TransientError
from tests.fakes.claims import FakeClaims
from tests.fakes.clock import FakeClock
from tests.fakes.turned_loop import run_turned
from workers.chat.handler.stop_checks import GATHER_SECONDS, StopChecks


class CountedClaims(FakeClaims):
    """Keeps the keys of each read, and fails in the first ones."""

    def __init__(self, *, failures=0):
        super().__init__()
        self.reads, self.failures = [], failures

    async def find_stop_requests(self, keys):
        self.reads.append(set(keys))
        if len(self.reads) <= self.failures:
            raise TransientError("claims: down")
        return await super().find_stop_requests(keys)


def test_checks_within_a_moment_are_one_read():
    """Each answer learns about its own flag; the next moment is another read."""

    async def check():
        claims = CountedClaims()
        claims.request_stop("k3", now=FakeClock().now())
        checks = StopChecks(claims)
        first = await asyncio.gather(*(checks.is_requested(f"k{number}") for number in range(500)))
        assert [number for number, is_requested in enumerate(first) if is_requested] == [3]
        claims.request_stop("k4", now=FakeClock().now())
        assert await checks.is_requested("k4")
        assert [len(keys) for keys in claims.reads] == [500, 1]

    run_turned(check())


def test_a_check_waits_no_longer_than_the_moment():
    """A visitor who stops an answer must not wait for other answers."""

    async def measure():
        began = asyncio.get_running_loop().time()
        await StopChecks(CountedClaims()).is_requested("k")
        assert asyncio.get_running_loop().time() - began <= GATHER_SECONDS

    run_turned(measure())


def test_an_answer_that_ends_does_not_end_the_read_of_the_others():
    """Nor does an error: each check gets it, and the next read is made anew."""

    async def check():
        claims = CountedClaims(failures=1)
        checks = StopChecks(claims)
        one, other = (asyncio.create_task(checks.is_requested(key)) for key in ("k1", "k2"))
        await asyncio.sleep(0)
        one.cancel()
        with pytest.raises(TransientError):
            await other
        assert one.cancelled()
        assert not await checks.is_requested("k2")
        assert claims.reads == [{"k1", "k2"}, {"k2"}]

    run_turned(check())
