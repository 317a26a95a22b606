"""Builds what a Lambda function needs: in the init phase, and again at an event if that failed.

An exception in the init phase would end the process, and Lambda would report the event as failed without our code:
messages would be hidden for the visibility time-out of their queue, and nothing of ours would be in the log
(https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html). This module imports only the standard
library and plain values, so that a package in which a library can't be imported still reports that.
"""

import gc
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from shared.clock import SystemClock
from shared.errors import describe_error
from shared.garbage import pause_garbage_collection
from shared.tracebacks import format_traceback

RETRY_SECONDS = 5.0
"""How long a failed start is kept: events within it are answered at once, and do not repeat what takes seconds."""

T = TypeVar("T")


class StartError(Exception):
    """The function could not be started; the next event may try again.

    The cause is in the log only: Lambda writes the text of every exception that leaves a function to the log.
    """


class Start(Generic[T]):
    """Builds once, and keeps what was built, or that it failed."""

    def __init__(
        self, build: Callable[[], T], *, component: str, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """Take what builds, and the component's name for the log."""
        self._build = build
        self._component = component
        self._monotonic = monotonic
        self._built: tuple[T] | None = None
        self._failures = 0
        self._failed_at: float | None = None

    def attempt(self) -> None:
        """Build now, in the init phase; a failure is logged and kept for the events."""
        try:
            self.get()
        except StartError:
            return

    def get(self) -> T:
        """Return what was built; build it if that has not succeeded yet.

        Raises:
            StartError: building failed now, or less than `RETRY_SECONDS` ago.
        """
        if self._built is None:
            self._built = (self._try_to_build(),)
        return self._built[0]

    def _try_to_build(self) -> T:
        started = self._monotonic()
        if self._failed_at is not None and started - self._failed_at < RETRY_SECONDS:
            raise StartError
        if self._failures:
            gc.collect()  # Each failed start leaves several megabytes, and they may fail for hours.
        try:
            with pause_garbage_collection():
                return self._build()
        except Exception as error:  # noqa: BLE001 - whatever it is, the process must live for the next event
            self._failed_at = self._monotonic()
            self._failures += 1
            log_error(
                "start_failed",
                component=self._component,
                error=_describe_cause(error),
                failures=self._failures,
                duration_ms=round((self._failed_at - started) * 1000),
                exception=format_traceback(error),
            )
            raise StartError from None


def is_running_handler(name: str) -> bool:
    """Return whether this process is a Lambda function with the handler of this name.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    """
    return os.environ.get("_HANDLER", "").endswith(f".{name}")  # noqa: TID251 - Lambda's own variable, not a setting


def read_trace_header() -> str | None:
    """Return the trace header of this invocation: Lambda sets the variable for each invocation."""
    return os.environ.get("_X_AMZN_TRACE_ID")  # noqa: TID251 - Lambda's own variable, not a setting


def log_error(event: str, *, component: str, **fields: object) -> None:
    """Write one line in the format of `shared.log`, which may be what can't be imported."""
    now = f"{SystemClock().now().isoformat()[:-6]}Z"
    line = {"event": event, "level": "error", "timestamp": now, "component": component, **fields}
    sys.stdout.write(f"{json.dumps(line)}\n")
    sys.stdout.flush()


def _describe_cause(error: Exception) -> str:
    if isinstance(error, ImportError):
        return f"{type(error).__name__}: {error}"  # names a module, nothing that a visitor wrote
    problems = _describe_invalid_settings(error)
    return f"check these variables: {problems}" if problems else describe_error(error)


def _describe_invalid_settings(error: Exception) -> str:
    """Return which variables are missing or invalid; empty if the error is another one."""
    if type(error).__name__ != "ValidationError":
        return ""
    # Pydantic raised the error, so it can be imported.
    from pydantic import ValidationError  # noqa: PLC0415

    from shared.settings import describe_invalid_settings  # noqa: PLC0415

    return describe_invalid_settings(error) if isinstance(error, ValidationError) else ""
