"""`stride desk tokens`: issue, list and revoke the tokens with which operators sign in at the desk in the browser."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import click
from rich.table import Table

from ops.cli.examples import GroupWithExamples, WithExamples
from ops.cli.json_output import to_json
from ops.cli.session import NOT_DONE, CommandError, Session, run_async
from ops.cli.times import format_local
from ops.cli.views import print_lines, sanitize_text
from ops.tokens.desk_tokens import check_name
from ops.tokens.values import DeskToken
from shared.tenants.tenant_id import TENANT_ID

_DEFAULT_DAYS = 90
_MAX_DAYS = 366

_TOKENS = """
Examples:
  stride desk tokens issue "Ola Kowalska"
  stride desk tokens list
  stride desk tokens revoke 3f0c51aa90de
"""


@click.group("tokens", cls=GroupWithExamples, epilog=_TOKENS)
def desk_tokens() -> None:
    """Issue, list and revoke the tokens with which operators sign in at the desk in the browser.

    Each person gets a token of their own: their name stands in every audit entry, and they lose access when it is
    revoked. The table has only keyed hashes, so a lost token can't be shown again.
    """


def _parse_name(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    try:
        return check_name(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _parse_tenants(
    _context: click.Context, _parameter: click.Parameter, values: Sequence[str]
) -> frozenset[str] | None:
    if wrong := next((value for value in values if not TENANT_ID.fullmatch(value)), None):
        raise click.BadParameter(f"{wrong!r} is not the id of a business, such as salon-ania")
    return frozenset(values) or None


_ISSUE = """
Examples:
  stride desk tokens issue "Ola Kowalska"
  stride desk tokens issue "Ania" --tenant salon-ania --tenant studio-bea
  stride desk tokens issue "On call" --expires-days 7 --json
"""


@desk_tokens.command("issue", cls=WithExamples, epilog=_ISSUE)
@click.argument("name", callback=_parse_name)
@click.option(
    "--tenant",
    "tenants",
    multiple=True,
    metavar="ID",
    callback=_parse_tenants,
    help="A business that the person sees; may be repeated.  [default: all]",
)
@click.option(
    "--expires-days",
    type=click.IntRange(1, _MAX_DAYS),
    default=_DEFAULT_DAYS,
    show_default=True,
    help="After how many days the token ends.",
)
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def issue_token(
    session: Session, /, *, name: str, tenants: frozenset[str] | None, expires_days: int, is_json: bool
) -> None:
    """Issue a token for one person, and print it this once."""

    async def run() -> tuple[str, DeskToken]:
        async with session.open_desk_tokens() as tokens:
            return await tokens.issue(
                name, tenants=tenants, lifetime=timedelta(days=expires_days), issued_by=session.operator.name
            )

    text, token = run_async(run())
    if is_json:
        print_lines(session.out, to_json({**_token_to_row(token, session.clock.now()), "token": text}))
        return
    print_lines(session.out, text)
    until = format_local(token.expires_at)
    print_lines(session.err, f"The token of {token.name}, id {token.token_id}, until {until}. It is not shown again.")


_LIST = """
Examples:
  stride desk tokens list
  stride desk tokens list --json | jq -r '.[] | select(.state == "valid") | .name'
"""


@desk_tokens.command("list", cls=WithExamples, epilog=_LIST)
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_tokens(session: Session, /, *, is_json: bool) -> None:
    """List all tokens, the newest first; those that have ended for another 180 days."""

    async def run() -> Sequence[DeskToken]:
        async with session.open_desk_tokens() as tokens:
            return await tokens.list_tokens()

    tokens, now = run_async(run()), session.clock.now()
    if is_json:
        print_lines(session.out, to_json([_token_to_row(token, now) for token in tokens]))
        return
    if not tokens:
        session.out.print("There are no tokens: `stride desk tokens issue NAME` issues one.")
        return
    table = Table(box=None, pad_edge=False)
    for column in ("ID", "NAME", "BUSINESSES", "STATE", "EXPIRES", "LAST SIGN-IN", "ISSUED BY"):
        table.add_column(column, overflow="fold")
    for token in tokens:
        table.add_row(
            token.token_id,
            sanitize_text(token.name),
            "all" if token.tenants is None else " ".join(sorted(token.tenants)),
            _find_state(token, now),
            format_local(token.expires_at),
            format_local(token.last_used_at) if token.last_used_at else "never",
            sanitize_text(token.issued_by),
        )
    session.out.print(table)


_REVOKE = """
Open sessions of the token end within 30 seconds. Exit code 1 if there is
no such token.

Examples:
  stride desk tokens revoke 3f0c51aa90de
"""


@desk_tokens.command("revoke", cls=WithExamples, epilog=_REVOKE)
@click.argument("token_id", metavar="ID")
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def revoke_token(session: Session, /, *, token_id: str, is_json: bool) -> None:
    """Revoke a token: it signs nobody in any more, and sessions that it began end."""

    async def run() -> bool:
        async with session.open_desk_tokens() as tokens:
            return await tokens.revoke(token_id)

    if not run_async(run()):
        raise CommandError(f"there is no token {token_id}: `stride desk tokens list` shows the ids", NOT_DONE)
    print_lines(session.out, to_json({"token_id": token_id, "revoked": True}) if is_json else "Revoked.")


def _find_state(token: DeskToken, now: datetime) -> str:
    if token.revoked_at is not None:
        return "revoked"
    return "valid" if token.is_valid(now) else "expired"


def _token_to_row(token: DeskToken, now: datetime) -> dict[str, Any]:
    row = asdict(token)
    del row["seal"]
    row["tenants"] = None if token.tenants is None else sorted(token.tenants)
    return {**row, "state": _find_state(token, now)}
