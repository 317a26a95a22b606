"""Stops Python code that uses more processor time than it may, on the thread that runs it."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_CALLS_BETWEEN_CHECKS = 128


class TimeIsUpError(Exception):
    """The code inside the `with` used more processor time than it may."""


class _StopThread(BaseException):
    """Not an `Exception`, so that a library that catches those does not go on."""


@contextmanager
def limit_thread_time(seconds: float) -> Iterator[None]:
    """Raise `TimeIsUpError` once the thread has used that much processor time inside the `with`.

    A loop inside a library never looks at a deadline, and a thread can't be stopped from outside. The interpreter calls
    a profile function at each call and return of the thread's code, also of functions written in C. It costs about as
    much again as the code itself. A single long call of a C function is not interrupted: bound what it gets.
    """
    ends_at = time.thread_time() + seconds
    calls = 0

    def check_time(_frame: FrameType, _event: str, _argument: Any) -> None:
        nonlocal calls
        calls += 1
        if calls % _CALLS_BETWEEN_CHECKS == 0 and time.thread_time() > ends_at:
            raise _StopThread

    before = sys.getprofile()
    sys.setprofile(check_time)
    try:
        yield
    except _StopThread:
        raise TimeIsUpError(f"more than {seconds} s of processor time") from None
    finally:
        sys.setprofile(before)
