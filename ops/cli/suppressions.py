"""`stride suppressions`: whether an address gets no letters any more, and how it gets them again."""

import click

from ops.cli.examples import GroupWithExamples, WithExamples
from ops.cli.session import NOT_DONE, Session, carried_out
from ops.cli.times import local
from ops.cli.views import print_lines
from shared.suppressions import Suppression
from workers.booking.facade import ANY_EMAIL

_SUPPRESSIONS = """
Exit code 0 if the address gets letters, or gets them again; 1 if not, 2 if
it is none.

Examples:
  stride suppressions show jan@example.com
  stride suppressions remove jan@example.com
"""

_WHY = {
    "bounced": "its provider says that there is no such mailbox",
    "complained": "its owner complained of a letter",
    "full": "its mailbox was full",
}


def _address(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    """Return the address as booking keeps it, and so as letters go to it."""
    contact = ANY_EMAIL.parse(value)
    if contact is None:
        raise click.BadParameter(
            f"{value!r} is no e-mail address, and nothing else is ever suppressed here: who opted out of text messages "
            "stands on a list of SNS's own"
        )
    return contact.address


@click.group(cls=GroupWithExamples, epilog=_SUPPRESSIONS)
def suppressions() -> None:
    """Look after the addresses that no letter goes to: what bounced for good, and who complained.

    The table knows no address, only keyed hashes: there is nothing to list.
    """


@suppressions.command("show", cls=WithExamples)
@click.argument("address", callback=_address)
@click.pass_obj
def show(session: Session, /, *, address: str) -> None:
    """Say whether an address gets letters."""

    async def look() -> Suppression | None:
        async with session.open_suppressions() as kept:
            return await kept.find(address, at=session.clock.now())

    found = carried_out(look())
    if found is None:
        session.out.print("It gets letters.")
        return
    until = f", until {local(found.until)}" if found.until else ", until somebody removes it"
    print_lines(session.out, f"It gets none since {local(found.since)}{until}: {_WHY[found.reason]}.")
    raise SystemExit(NOT_DONE)


@suppressions.command("remove", cls=WithExamples)
@click.argument("address", callback=_address)
@click.pass_obj
def remove(session: Session, /, *, address: str) -> None:
    """Let letters go to an address again, after its owner said that they want them."""

    async def forget() -> bool:
        async with session.open_suppressions() as kept:
            return await kept.remove(address)

    if not carried_out(forget()):
        session.out.print("It was not suppressed.")
        return
    session.out.print("It gets letters again. SES has a list of its own, for the account: look there, too.")
