"""Converts full quotas to refusals."""

from datetime import datetime

from shared.errors import TransientError
from shared.messages.errors import ErrorCode
from shared.refusal_texts import About
from workers.booking.domain.quotas import VISIT_BOUNDS, Bound
from workers.booking.domain.values import Refusal
from workers.booking.ports import QuotaFull

_ABOUT: dict[Bound, About] = {
    Bound.CONTACT: "holds_contact",
    Bound.ADDRESS: "holds_address",
    Bound.HELD_SHARE: "held_day",
    Bound.VISITS_CONTACT: "visits_contact",
    Bound.VISITS_ADDRESS: "visits_address",
    Bound.SENDS_CONTACT: "codes_contact",
    Bound.SENDS_SESSION: "codes_session",
    Bound.SENDS_ADDRESS: "codes_address",
}
"""The sentences that say which limit was reached, and what helps."""

_PHONE: dict[Bound, About] = {
    Bound.VISITS_CONTACT: "visits_contact_phone",
    Bound.VISITS_ADDRESS: "visits_address_phone",
}
"""The same sentences with the telephone number of the business."""


def refuse_full_quota(full: QuotaFull, at: datetime, *, phone: str | None = None) -> Refusal | None:
    """Return `RATE_LIMITED` with the time until a unit is free; None for a full day, which counts as an occupied time.

    Raises:
        TransientError: the session's hold has changed since it was read; a retry reads it again.
    """
    if full.bound is Bound.DAY:
        return None
    if full.bound is Bound.SESSION:
        raise TransientError("the session's hold changed meanwhile")
    if full.bound in VISIT_BOUNDS:
        return refuse_another_visit(full.bound, phone)
    return Refusal(
        ErrorCode.RATE_LIMITED,
        retry_after=full.frees_at - at if full.frees_at else None,
        about=_ABOUT[full.bound],
    )


def refuse_another_visit(bound: Bound, phone: str | None) -> Refusal:
    """Return `RATE_LIMITED` for a contact or address with too many visits; it says no time, which would be in days."""
    about = _PHONE[bound] if phone else _ABOUT[bound]
    return Refusal(ErrorCode.RATE_LIMITED, about=about, phone=phone or "")
