"""Puts the command line together: the options that stand before the command, and the commands."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

import click

from ops.cli.edit import edit
from ops.cli.erase import erase
from ops.cli.examples import GroupWithExamples, WithExamples
from ops.cli.failures import failures
from ops.cli.health import doctor, status
from ops.cli.repairs import discard, retry
from ops.cli.session import NO_DEPLOYMENT, Session, TroubleError
from ops.cli.suppressions import suppressions
from ops.deployment import Deployment, find_deployment
from ops.desk.desk import Desk
from ops.desk.domain.values import Operator
from ops.desk.erasing import Erasing
from ops.health.checks import Check
from ops.queues.figures import QueueGauge
from ops.settings import account_name
from ops.wiring import examine, open_desk, open_erasing, open_gauge, open_suppressions
from shared.clock import SystemClock
from shared.errors import ConfigurationError
from shared.log import configure_logging
from shared.suppressions import Suppressions

_STRIDE = """
Examples:
  stride doctor
  stride status --watch
  stride failures list --age 2h
  stride --stack stride-test failures show 3f0c...
  stride desk --port 8090
"""


@click.group(cls=GroupWithExamples, epilog=_STRIDE)
@click.option("--stack", metavar="NAME", help="A deployed stack, found with your AWS credentials.")
@click.option(
    "--stack-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The description of a local stack.  [default: .stride/stack.json, if it is there]",
)
@click.option("--as", "name", metavar="NAME", help="Who you are, in the story.  [default: your account's name]")
@click.pass_context
def stride(context: click.Context, stack: str | None, stack_file: Path | None, name: str | None) -> None:
    """Look after a deployment: what failed, how full its queues are, whether it has what it needs.

    Speaks to the local stack if one runs here, or to the stack that --stack names.
    """
    if stack and stack_file:
        raise click.UsageError("give --stack or --stack-file, not both")
    if context.obj is None:
        context.obj = _session(stack=stack, stack_file=stack_file, name=name)


def _session(*, stack: str | None, stack_file: Path | None, name: str | None) -> Session:
    @cache
    def deployment() -> Deployment:
        try:
            return find_deployment(stack=stack, stack_file=stack_file)
        except ConfigurationError as error:
            # Some commands ask for its title before they run anything.
            raise TroubleError(str(error)) from None

    @asynccontextmanager
    async def desk() -> AsyncIterator[Desk]:
        async with open_desk(deployment()) as opened:
            yield opened

    @asynccontextmanager
    async def erasing() -> AsyncIterator[Erasing]:
        async with open_erasing(deployment()) as opened:
            yield opened

    @asynccontextmanager
    async def gauge() -> AsyncIterator[QueueGauge]:
        async with open_gauge(deployment()) as opened:
            yield opened

    @asynccontextmanager
    async def suppressed() -> AsyncIterator[Suppressions]:
        async with open_suppressions(deployment()) as opened:
            yield opened

    async def examined(told: Callable[[Check], None]) -> list[Check]:
        return await examine(deployment(), told)

    # Only what went wrong: a person reads this, and their own deeds are told in sentences.
    configure_logging(level="ERROR", component="stride")
    try:
        operator = Operator(name or account_name())
    except ConfigurationError as error:
        raise TroubleError(str(error)) from None
    return Session(
        operator=operator,
        title=lambda: deployment().title,
        open_desk=desk,
        open_erasing=erasing,
        open_gauge=gauge,
        examine=examined,
        open_suppressions=suppressed,
        clock=SystemClock(),
    )


_SERVE_DESK = """
Examples:
  stride desk --port 8090
  DESK_TOKEN=... stride --stack stride desk
"""


@stride.command("desk", cls=WithExamples, epilog=_SERVE_DESK)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Where it listens; 0 takes a free port.")
@click.pass_context
def serve_desk(context: click.Context, port: int) -> None:
    """Serve the desk in the browser until Ctrl-C, and print its address.

    The variables DESK_... say who may sign in; docs/operations.md lists them.
    """
    # It brings a web server along, which no other command needs.
    from ops.web.__main__ import run  # noqa: PLC0415

    before = context.parent.params if context.parent else {}
    if run(stack=before.get("stack"), stack_file=before.get("stack_file"), port=port):
        raise SystemExit(NO_DEPLOYMENT)


for command in (retry, edit, discard, erase):
    failures.add_command(command)
for command in (failures, doctor, status, suppressions):
    stride.add_command(command)
