"""Decides what a person may do with a failure as it stands, and what it then looks like."""

from dataclasses import replace
from datetime import datetime, timedelta

from ops.desk.domain.values import NotPossible, Operator, Why
from shared.ledger.failures import Deed, DeedKind, Failure, FailureFilter, FailureState
from shared.ledger.rules import ENDED, OPEN

REPLAY_PATIENCE = timedelta(minutes=10)
"""How long the outcome of a replay is awaited. After that it counts as lost, in a crash between the ledger and the
queue for example, and may be repeated: each replay has a claim of its own, and the effects have one key in common."""

_NOTICE_PATIENCE = timedelta(hours=24)
"""A notice may wait for the end of the quiet hours and for its turn. Whoever took it for lost would have two go out."""

MAX_NOTE_CHARACTERS = 300


def may_see(operator: Operator, failure: Failure) -> bool:
    """Whether it is theirs; what belongs to no tenant is seen by those who see all."""
    return operator.tenants is None or (failure.tenant is not None and failure.tenant in operator.tenants)


def scoped(operator: Operator, wanted: FailureFilter) -> FailureFilter | None:
    """Return the filter with nothing in it that is not the person's; None if that leaves nothing to look for."""
    if operator.tenants is None:
        return wanted
    theirs = operator.tenants if wanted.tenants is None else operator.tenants.intersection(wanted.tenants)
    return replace(wanted, tenants=theirs) if theirs else None


def asks_for_all_that_waits(wanted: FailureFilter) -> bool:
    """Whether a filter means whatever somebody has to do something about, so also lost replays."""
    states = wanted.states
    return states is not None and OPEN.issubset(states) and FailureState.REPLAYING not in states


def with_replays(wanted: FailureFilter) -> FailureFilter:
    """Return a filter for all that waits with replays in it, some of which may be lost; any other as it is."""
    if wanted.states is None or not asks_for_all_that_waits(wanted):
        return wanted
    return replace(wanted, states=frozenset({*wanted.states, FailureState.REPLAYING}))


def is_lost(failure: Failure, now: datetime) -> bool:
    """Whether it was replayed, and no outcome came in the time that any takes: it waits for somebody again."""
    patience = _NOTICE_PATIENCE if failure.queue == "notifications" else REPLAY_PATIENCE
    return failure.state is FailureState.REPLAYING and now >= _replayed_at(failure) + patience


def blocked(failure: Failure, now: datetime, *, again: bool = False) -> NotPossible | None:
    """Return why it is left alone for now, if it is."""
    if failure.state is FailureState.ERASED:
        return NotPossible(Why.ERASED)
    if failure.state is FailureState.REPLAYING:
        over = _replayed_at(failure) + REPLAY_PATIENCE
        return NotPossible(Why.REPLAYING, again_at=over) if now < over else None
    if failure.state in ENDED and not again:
        return NotPossible(Why.ENDED)
    return None


def sealed(failure: Failure) -> NotPossible | None:
    """Return why nothing can be done with what it says, if no key opens that."""
    if failure.payload:
        return None
    return NotPossible(Why.ERASED if failure.state is FailureState.ERASED else Why.PAYLOAD_UNREADABLE)


def replaying(failure: Failure, operator: Operator, now: datetime) -> Failure:
    """Return the failure as it is while its next replay is under way."""
    number = failure.replays + 1
    return replace(
        _with(failure, _deed(operator, "replayed", now, f"replay {number}")),
        state=FailureState.REPLAYING,
        replays=number,
    )


def unsent(failure: Failure, now: datetime, *, before: FailureState, reason: str) -> Failure:
    """Return the failure as it was before a replay that its queue refused; the replay's number is spent.

    A replay before it that is still awaited has none that is: that one counts as lost.
    """
    state = FailureState.FAILED_AGAIN if before is FailureState.REPLAYING else before
    deed = Deed(now, "desk", "failed", f"not sent: {reason}"[:MAX_NOTE_CHARACTERS])
    return replace(_with(failure, deed), state=state)


def edited(failure: Failure, operator: Operator, now: datetime, *, payload: str, fields: list[str]) -> Failure:
    """Return the failure with another payload; the story has the names of what changed, never what it says."""
    return replace(_with(failure, _deed(operator, "edited", now, ", ".join(fields))), payload=payload)


def discarded(failure: Failure, operator: Operator, now: datetime, reason: str) -> Failure:
    """Return the failure as one that nobody needs to look at."""
    return replace(_with(failure, _deed(operator, "discarded", now, reason)), state=FailureState.DISCARDED)


def unmasked(failure: Failure, operator: Operator, now: datetime) -> Failure:
    """Return the failure with a note of who has looked at the personal data."""
    return _with(failure, _deed(operator, "unmasked", now))


def _with(failure: Failure, deed: Deed) -> Failure:
    return replace(failure, story=(*failure.story, deed), version=failure.version + 1)


def _deed(operator: Operator, what: DeedKind, now: datetime, note: str = "") -> Deed:
    return Deed(now, operator.name, what, note[:MAX_NOTE_CHARACTERS])


def _replayed_at(failure: Failure) -> datetime:
    return max((deed.at for deed in failure.story if deed.what == "replayed"), default=failure.last_at)
