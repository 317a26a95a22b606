"""The session that every command gets: the operator, the deployment, and the consoles; and the exit codes."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import click
from rich.console import Console

from ops.answers.answers import Answers
from ops.desk.desk import Desk
from ops.desk.domain.values import Operator
from ops.desk.erasure import SessionErasure
from ops.health.checks import CheckResult
from ops.queues.figures import QueueGauge
from ops.tokens.desk_tokens import DeskTokens
from ops.usage.usage import Usage
from shared.circuits.ports import CircuitRecords
from shared.clock import Clock
from shared.errors import ConfigurationError, PermanentError, TransientError, describe_error
from shared.suppressions import Suppressions
from workers.booking.facade import BookingFacade

T = TypeVar("T")

NOT_DONE = 1
"""Something could not be done, or a check found a problem."""
NO_DEPLOYMENT = 3
"""There is no deployment, or it can't be reached. (click uses 2 for an invalid command line.)"""
STOPPED = 130
"""Stopped by Ctrl-C: 128 plus the number of the signal, as in shells."""


@dataclass(frozen=True)
class Session:
    """One run of the command line; each command opens the parts that it needs."""

    operator: Operator
    title: Callable[[], str]
    """Returns the display name of the deployment."""
    open_desk: Callable[[], AbstractAsyncContextManager[Desk]]
    open_erasure: Callable[[], AbstractAsyncContextManager[SessionErasure]]
    open_gauge: Callable[[], AbstractAsyncContextManager[QueueGauge]]
    open_circuits: Callable[[], AbstractAsyncContextManager[CircuitRecords]]
    run_health_checks: Callable[[Callable[[CheckResult], None]], Coroutine[Any, Any, list[CheckResult]]]
    """Runs the health checks, reports each result in order, and returns all."""
    open_suppressions: Callable[[], AbstractAsyncContextManager[Suppressions]]
    open_booking: Callable[[], AbstractAsyncContextManager[BookingFacade]]
    open_usage: Callable[[], AbstractAsyncContextManager[Usage]]
    open_answers: Callable[[], AbstractAsyncContextManager[Answers]]
    open_desk_tokens: Callable[[], AbstractAsyncContextManager[DeskTokens]]
    open_s3: Callable[[], Any]
    """Returns a blocking client of S3, with the credentials of the environment."""
    clock: Clock
    list_down: Callable[[], Sequence[str]] = tuple
    """Lists the processes of a local stack that were left down."""
    out: Console = field(default_factory=lambda: Console(highlight=False))
    """For results."""
    err: Console = field(default_factory=lambda: Console(stderr=True, highlight=False))
    """For everything else: progress, questions and errors."""


class CommandError(click.ClickException):
    """An error that is printed as one line, with what to do about it, and without a traceback."""

    def __init__(self, message: str, exit_code: int = NO_DEPLOYMENT) -> None:
        super().__init__(message)
        self.code = exit_code

    @property
    def exit_code(self) -> int:  # type: ignore[override]  # click has one for each class
        """Return the exit code of the process."""
        return self.code


def run_async(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run the asynchronous part of a command; turn known errors into a `CommandError`."""
    try:
        return asyncio.run(coroutine)
    except ConfigurationError as error:
        raise CommandError(str(error)) from None
    except TransientError as error:
        raise CommandError(f"not reached ({describe_error(error)}): try again in a moment") from None
    except PermanentError as error:
        raise CommandError(
            f"rejected ({describe_error(error)}): `stride doctor` finds what is missing, such as permissions or tables"
        ) from None
