"""`stride suppressions`: show and remove the suppression of an e-mail address."""

import click

from ops.cli.examples import GroupWithExamples, WithExamples
from ops.cli.session import NOT_DONE, Session, run_async
from ops.cli.times import format_local
from ops.cli.views import print_lines
from shared.suppressions import Suppression
from workers.booking.facade import ANY_EMAIL

_SUPPRESSIONS = """
Exit code 0 if the address gets e-mails; 1 if it is suppressed, 2 if it is
not an e-mail address.

Examples:
  stride suppressions show jan@example.com
  stride suppressions remove jan@example.com
"""

_WHY = {
    "bounced": "its provider says that there is no such mailbox",
    "complained": "its owner reported an e-mail as spam",
    "full": "its mailbox was full",
}


def _parse_address(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    """Return the address in booking's normal form, to which e-mails are sent."""
    contact = ANY_EMAIL.parse(value)
    if contact is None:
        raise click.BadParameter(
            f"{value!r} is not an e-mail address, and only those are suppressed here: SNS keeps its own list of "
            "numbers that opted out of text messages"
        )
    return contact.address


@click.group(cls=GroupWithExamples, epilog=_SUPPRESSIONS)
def suppressions() -> None:
    """Inspect and remove suppressions: addresses that get no e-mails after a bounce or a complaint.

    The table stores keyed hashes instead of addresses, so there is no list.
    """


_SHOW = """
Example:
  stride suppressions show jan@example.com
"""


@suppressions.command("show", cls=WithExamples, epilog=_SHOW)
@click.argument("address", callback=_parse_address)
@click.pass_obj
def show_suppression(session: Session, /, *, address: str) -> None:
    """Show whether an address is suppressed, since when and why."""

    async def run() -> Suppression | None:
        async with session.open_suppressions() as suppressions:
            return await suppressions.find(address, at=session.clock.now())

    suppression = run_async(run())
    if suppression is None:
        session.out.print("The address gets e-mails.")
        return
    until = f"until {format_local(suppression.until)}" if suppression.until else "until the suppression is removed"
    since = format_local(suppression.since)
    print_lines(session.out, f"The address gets no e-mails since {since}, {until}: {_WHY[suppression.reason]}.")
    raise SystemExit(NOT_DONE)


_REMOVE = """
Example:
  stride suppressions remove jan@example.com
"""


@suppressions.command("remove", cls=WithExamples, epilog=_REMOVE)
@click.argument("address", callback=_parse_address)
@click.pass_obj
def remove_suppression(session: Session, /, *, address: str) -> None:
    """Remove the suppression of an address, after its owner said that they want e-mails."""

    async def run() -> bool:
        async with session.open_suppressions() as suppressions:
            return await suppressions.remove(address)

    if not run_async(run()):
        session.out.print("The address was not suppressed.")
        return
    session.out.print("The address gets e-mails again. Also check the suppression list of your account in SES.")
