"""What of a call counts as a failure of its dependency, and what its caller hears."""

import asyncio

import pytest

from shared.circuits.breaker import BreakerPolicy, CircuitBreaker, CircuitState
from shared.circuits.guard import Guard
from shared.errors import DependencyDownError, PermanentError, RateLimitedError, TransientError
from tests.fakes.turned_loop import run_turned

POLICY = BreakerPolicy(failures=2, calls=2, window_seconds=60, open_seconds=5)


class Dependency:
    """Calls through a guard, of a slow or failing dependency."""

    def __init__(self):
        self.breaker = CircuitBreaker(POLICY)
        self.guard = Guard("thing", self.breaker, slow_seconds=3)
        self.calls = 0

    async def call(self, takes=0.0, error=None, key="", seconds=4):
        async with self.guard.call(key, seconds=seconds):
            self.calls += 1
            await asyncio.sleep(takes)
            if error:
                raise error

    async def outcome(self, *args, **options):
        try:
            await self.call(*args, **options)
        except Exception as error:  # noqa: BLE001 - the test looks at it
            return type(error)

    @property
    def is_open(self):
        return self.breaker.find_state("") is CircuitState.OPEN


@pytest.mark.parametrize(
    ("takes", "error", "raised", "is_failure"),
    [
        (0, None, None, False),
        (2.9, None, None, False),
        (3.1, None, None, True),  # slow, though it answered
        (9, None, TransientError, True),  # cut off after four seconds
        (0, TransientError("busy"), TransientError, True),
        (0, PermanentError("refused"), PermanentError, False),  # an answer
        (0, RateLimitedError("limit"), RateLimitedError, False),
        (0, RuntimeError("a bug"), RuntimeError, False),
        (3.1, RuntimeError("a bug"), RuntimeError, True),
    ],
)
def test_what_counts(takes, error, raised, is_failure):
    """Two failures open the circuit: then nothing is called, and the second failure itself says so."""

    async def run():
        dependency = Dependency()
        first = await dependency.outcome(takes, error)
        second = await dependency.outcome(takes, error)
        assert first is raised
        is_down = issubclass(raised or Exception, TransientError) and is_failure
        assert second is (DependencyDownError if is_down else raised)
        assert dependency.is_open is is_failure
        third = await dependency.outcome()
        assert (third, dependency.calls) == ((DependencyDownError, 2) if is_failure else (None, 3))

    run_turned(run())


@pytest.mark.parametrize(("gives_up_after", "is_failure"), [(1, False), (3.5, True)])
def test_a_caller_that_gives_up(gives_up_after, is_failure):
    """At once says nothing about the dependency, after a while that it is slow."""

    async def run():
        dependency = Dependency()
        for _ in range(2):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(gives_up_after):
                    await dependency.call(takes=10)
        assert dependency.is_open is is_failure

    run_turned(run())


def test_one_call_tries_a_dependency_that_may_be_back():
    """The others hear how long to wait; once it is answered all calls go through."""

    async def run():
        dependency = Dependency()
        for _ in range(2):
            await dependency.outcome(error=TransientError("down"))
        await asyncio.sleep(5)
        trial = asyncio.create_task(dependency.call(takes=2))
        await asyncio.sleep(1)
        with pytest.raises(DependencyDownError) as raised:
            await dependency.call()
        assert raised.value.retry_after.total_seconds() == POLICY.probe_seconds - 1
        await trial
        await asyncio.gather(*(dependency.call() for _ in range(10)))
        assert dependency.calls == 13

    run_turned(run())
