"""Completes shortened ids of failures, as git does with commits."""

from collections.abc import Sequence

from ops.cli.sentences import AMBIGUOUS
from ops.cli.session import NOT_DONE, CommandError
from ops.desk.desk import Desk
from ops.desk.domain.values import Operator

MIN_LENGTH = 4
"""A shorter beginning would seldom be unique, and a typing error could name another failure."""

_MAX_LISTED = 5


async def complete_id(desk: Desk, operator: Operator, beginning: str) -> str:
    """Return the id that begins so; what no id begins with, or is too short, is returned as it is.

    Raises:
        CommandError: several ids begin so.
    """
    if len(beginning) < MIN_LENGTH:
        return beginning
    ids = await desk.find_ids(operator, beginning, limit=_MAX_LISTED + 1)
    if len(ids) > 1:
        listed = ", ".join(ids[:_MAX_LISTED]) + (", ..." if len(ids) > _MAX_LISTED else "")
        raise CommandError(AMBIGUOUS.format(beginning, listed), NOT_DONE)
    return ids[0] if ids else beginning


async def complete_ids(desk: Desk, operator: Operator, beginnings: Sequence[str]) -> list[str]:
    """Return the ids that begin so, each once."""
    return list(dict.fromkeys([await complete_id(desk, operator, beginning) for beginning in beginnings]))
