"""Assembles the command line: the global options and all commands."""

from functools import cache
from pathlib import Path

import click

from ops.cli.answers import answers
from ops.cli.desk_tokens import desk_tokens
from ops.cli.edit import edit_failure
from ops.cli.erase import erase_failures
from ops.cli.examples import GroupWithExamples
from ops.cli.failure_actions import discard_failures, retry_failures
from ops.cli.failures import failures
from ops.cli.golden import golden
from ops.cli.health import run_doctor, show_status
from ops.cli.session import NO_DEPLOYMENT, CommandError, Session
from ops.cli.slots import slots
from ops.cli.suppressions import suppressions
from ops.cli.tenants import tenant
from ops.cli.usage import usage
from ops.deployment import Deployment, find_deployment
from ops.desk.domain.values import Operator
from ops.settings import find_account_name
from ops.wiring import (
    open_answers,
    open_booking,
    open_circuits,
    open_desk,
    open_desk_tokens,
    open_erasure,
    open_gauge,
    open_s3,
    open_suppressions,
    open_usage,
    run_health_checks,
)
from shared.clock import SystemClock
from shared.errors import ConfigurationError
from shared.log import configure_logging

_STRIDE = """
Examples:
  stride doctor
  stride status --watch
  stride failures list --age 2h
  stride --stack stride-test failures show 3f0c
  stride desk --port 8090
"""


@click.group(cls=GroupWithExamples, epilog=_STRIDE)
@click.option("--stack", metavar="NAME", help="The CloudFormation stack to use, with your AWS credentials.")
@click.option(
    "--stack-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The description file of a local stack.  [default: .stride/stack.json if it exists]",
)
@click.option("--as", "name", metavar="NAME", help="Your name in audit trails.  [default: the name of your account]")
@click.pass_context
def stride(context: click.Context, stack: str | None, stack_file: Path | None, name: str | None) -> None:
    """Operate a deployment: inspect and replay failures, watch its queues, check its configuration.

    Uses the local stack if one runs here, or the stack that --stack names.
    """
    if stack and stack_file:
        raise click.UsageError("use either --stack or --stack-file")
    if context.obj is None:
        context.obj = _build_session(stack=stack, stack_file=stack_file, name=name)


def _build_session(*, stack: str | None, stack_file: Path | None, name: str | None) -> Session:
    @cache
    def load_deployment() -> Deployment:
        try:
            return find_deployment(stack=stack, stack_file=stack_file)
        except ConfigurationError as error:
            # Some commands need the title before they start an event loop.
            raise CommandError(str(error)) from None

    # The commands print their own results, so only errors are logged.
    configure_logging(level="ERROR", component="stride")
    try:
        operator = Operator(name or find_account_name())
    except ConfigurationError as error:
        raise CommandError(str(error)) from None
    return Session(
        operator=operator,
        title=lambda: load_deployment().title,
        open_desk=lambda: open_desk(load_deployment()),
        open_erasure=lambda: open_erasure(load_deployment()),
        open_gauge=lambda: open_gauge(load_deployment()),
        open_circuits=lambda: open_circuits(load_deployment()),
        run_health_checks=lambda report: run_health_checks(load_deployment(), report),
        open_suppressions=lambda: open_suppressions(load_deployment()),
        open_booking=lambda: open_booking(load_deployment()),
        open_usage=lambda: open_usage(load_deployment()),
        open_answers=lambda: open_answers(load_deployment()),
        open_desk_tokens=lambda: open_desk_tokens(load_deployment()),
        open_s3=open_s3,
        clock=SystemClock(),
        list_down=lambda: load_deployment().down,
    )


_SERVE_DESK = """
Examples:
  stride desk --port 8090
  stride --stack stride desk
  stride desk tokens issue "Ola Kowalska"
"""


@stride.group("desk", cls=GroupWithExamples, epilog=_SERVE_DESK, invoke_without_command=True)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The port to listen on; 0 takes a free one.")
@click.pass_context
def serve_desk(context: click.Context, port: int) -> None:
    """Serve the desk in the browser until Ctrl-C, and print its address.

    The environment variables DESK_... configure who may sign in; docs/operations.md lists them.
    """
    if context.invoked_subcommand:
        return
    # Imports a web server, which no other command needs.
    from ops.web.__main__ import run  # noqa: PLC0415

    options = context.parent.params if context.parent else {}
    if run(stack=options.get("stack"), stack_file=options.get("stack_file"), port=port):
        raise SystemExit(NO_DEPLOYMENT)


for command in (retry_failures, edit_failure, discard_failures, erase_failures):
    failures.add_command(command)
serve_desk.add_command(desk_tokens)
for command in (answers, failures, golden, run_doctor, show_status, slots, suppressions, tenant, usage):
    stride.add_command(command)
