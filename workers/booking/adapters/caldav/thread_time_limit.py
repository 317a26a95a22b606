"""Stops Python code that takes longer than it may, on the thread that runs it."""

import ctypes
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class TimeIsUpError(Exception):
    """The task took longer than it may."""


class _StopThread(BaseException):
    """Not an `Exception`, so that a library that catches those does not go on."""


def run_with_time_limit(seconds: float, task: Callable[[], T]) -> T:
    """Return the result of `task`, or raise `TimeIsUpError` in the middle of it after that time.

    A loop inside a library never looks at a deadline. The interpreter raises an exception in another thread before that
    thread's next instruction; until then the code runs at full speed. A single long call of a function written in C is
    not interrupted: bound what it gets.
    https://docs.python.org/3/c-api/threads.html#c.PyThreadState_SetAsyncExc
    """
    thread_id, lock, is_done = threading.get_ident(), threading.Lock(), False

    def stop() -> None:
        with lock:
            if not is_done:
                _raise_in_thread(thread_id, _StopThread)

    timer = threading.Timer(seconds, stop)
    timer.daemon = True
    try:
        # Not a context manager: the exception could arrive between its two halves.
        try:
            timer.start()
            return task()
        finally:
            with lock:
                is_done = True
            # It may be on its way since just before: nothing after the task must get it.
            _raise_in_thread(thread_id, None)
    except _StopThread:
        raise TimeIsUpError(f"more than {seconds} s") from None
    finally:
        timer.cancel()


def _raise_in_thread(thread_id: int, error: type[BaseException] | None) -> None:
    """Let the thread raise the error at its next instruction; None withdraws one that it has not raised yet."""
    argument = None if error is None else ctypes.py_object(error)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread_id), argument)
