"""What every command is given: who acts, what they act on, and where to write."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import click
from rich.console import Console

from ops.desk.desk import Desk
from ops.desk.domain.values import Operator
from ops.desk.erasing import Erasing
from ops.health.checks import Check
from ops.queues.figures import QueueGauge
from shared.clock import Clock
from shared.errors import ConfigurationError, PermanentError, TransientError, describe_error
from shared.suppressions import Suppressions

T = TypeVar("T")

NOT_DONE = 1
"""Something could not be done, or is not as it should be."""
NO_DEPLOYMENT = 3
"""There is no deployment to look at, or it can't be reached. 2 is click's, for a command that is not understood."""
STOPPED = 130
"""Ctrl-C in the middle, as shells have it: 128 and the signal."""


@dataclass(frozen=True)
class Session:
    """One run of the command line; the parts are opened by the command that needs them."""

    operator: Operator
    title: Callable[[], str]
    """Tells what the deployment is called."""
    open_desk: Callable[[], AbstractAsyncContextManager[Desk]]
    open_erasing: Callable[[], AbstractAsyncContextManager[Erasing]]
    open_gauge: Callable[[], AbstractAsyncContextManager[QueueGauge]]
    examine: Callable[[Callable[[Check], None]], Coroutine[Any, Any, list[Check]]]
    """Runs the health checks; tells each as it comes in, and returns all."""
    open_suppressions: Callable[[], AbstractAsyncContextManager[Suppressions]]
    clock: Clock
    out: Console = field(default_factory=lambda: Console(highlight=False))
    """What was asked for."""
    err: Console = field(default_factory=lambda: Console(stderr=True, highlight=False))
    """Everything else: progress, questions, trouble."""


class TroubleError(click.ClickException):
    """What went wrong, and what to do, as the last line; never a traceback."""

    def __init__(self, message: str, exit_code: int = NO_DEPLOYMENT) -> None:
        super().__init__(message)
        self.code = exit_code

    @property
    def exit_code(self) -> int:  # type: ignore[override]  # click has one for all of a class
        """Return what the process ends with."""
        return self.code


def carried_out(work: Coroutine[Any, Any, T]) -> T:
    """Run the asynchronous part of a command, with its trouble said in a sentence."""
    try:
        return asyncio.run(work)
    except ConfigurationError as error:
        raise TroubleError(str(error)) from None
    except TransientError as error:
        raise TroubleError(f"not reached ({describe_error(error)}): try again in a moment") from None
    except PermanentError as error:
        raise TroubleError(
            f"refused ({describe_error(error)}): `stride doctor` says what is missing, from permissions to tables"
        ) from None
