"""Calls a dependency with a time limit, and not at all while its circuit is open."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from shared.circuits.breaker import CircuitBreaker
from shared.errors import DependencyDownError, PermanentError, RateLimitedError, TransientError


class Guard:
    """Guards the calls of one dependency, on the event loop's clock.

    An error that another attempt may mend counts as a failure, and so does a success after `slow_seconds`; a permanent
    error is an answer, and a limit on requests is neither.
    """

    def __init__(self, dependency: str, breaker: CircuitBreaker, *, slow_seconds: float) -> None:
        self.dependency = dependency
        self._breaker = breaker
        self._slow_seconds = slow_seconds

    @asynccontextmanager
    async def call(self, key: str = "", *, seconds: float) -> AsyncIterator[None]:
        """Run one call in the `with`, and report to the breaker how it ended.

        Raises:
            DependencyDownError: the circuit is open, before the call or because of it.
            TransientError: no end within `seconds`.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        self.check(key)
        self._breaker.begin_call(key, began)
        try:
            try:
                async with asyncio.timeout(seconds) as limit:
                    yield
            except TimeoutError as error:
                if not limit.expired():
                    raise
                raise TransientError(f"{self.dependency}: no end within {seconds:g} s") from error
        except RateLimitedError:
            # It answers, and says nothing about whether it is well.
            self._breaker.abandon_call(key, loop.time())
            raise
        except TransientError as error:
            self._breaker.record_failure(key, loop.time())
            wait = self._breaker.compute_wait_seconds(key, loop.time())
            if wait and not error.may_have_succeeded:
                # Whoever comes next is not called either, so this attempt says nothing about its message.
                retry_after = max(timedelta(seconds=wait), error.retry_after or timedelta())
                raise DependencyDownError(str(error), retry_after=retry_after, reason=error.reason) from error
            raise
        except PermanentError:
            self._breaker.record_success(key, loop.time())
            raise
        except BaseException:
            # Cancelled, or a bug. A caller that gave up after a while did so because the call is slow.
            self._end_call(key, loop.time() - began, otherwise=self._breaker.abandon_call)
            raise
        self._end_call(key, loop.time() - began, otherwise=self._breaker.record_success)

    def check(self, key: str = "") -> None:
        """Raise `DependencyDownError` while nothing is to be called."""
        wait = self._breaker.compute_wait_seconds(key, asyncio.get_running_loop().time())
        if wait:
            raise DependencyDownError(f"{self.dependency}: not called", retry_after=timedelta(seconds=wait))

    def _end_call(self, key: str, took_seconds: float, *, otherwise: Callable[[str, float], None]) -> None:
        is_slow = took_seconds > self._slow_seconds
        (self._breaker.record_failure if is_slow else otherwise)(key, asyncio.get_running_loop().time())
