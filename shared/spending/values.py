"""What a call of a model is recorded as, and the caps that it may not exceed.

An amount of money is an integer of nano-dollars (10^-9 US dollars). The cost of a call is rounded up to a whole one,
once, after its tokens of all kinds are added up; sums are sums of these amounts and are never rounded again. Only what
people read is rounded, to the nearest cent or hundredth of a cent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from shared.messages.server import Usage

NANO_PER_DOLLAR = 1_000_000_000


class TokenPricing(Protocol):
    """The prices of one model."""

    def compute_nano_dollars(
        self,
        *,
        input_tokens: int = 0,
        output_tokens: int = 0,
        cache_read_tokens: int = 0,
        cache_write_tokens: int = 0,
    ) -> int:
        """Return what a call costs, rounded up to a whole nano-dollar."""
        ...


class Cap(StrEnum):
    """What limits the spending of a business; each value is a stored name."""

    SESSION = "session"
    """One conversation, from its first call on."""
    VISITOR = "visitor"
    """One conversation on one day: its share of the day."""
    ADDRESS = "address"
    """All conversations from one network address on one day: their share of the day."""
    DAY = "day"
    """The business on one day, in its own time zone."""
    MONTH = "month"
    """The business in one month, in its own time zone."""


class Purpose(StrEnum):
    """What a call of a model is for; each value is a stored name."""

    ANSWER = "answer"
    SORTING = "sorting"
    """To find out whether a message needs the documents."""


Caps = Mapping[Cap, int]
"""The highest sums in nano-dollars; a cap that is not there does not limit."""


@dataclass(frozen=True, slots=True)
class CallKey:
    """What identifies one call of a model: the command, its attempt (of the claim), and the call within the attempt."""

    command_key: str
    attempt: int
    number: int


@dataclass(frozen=True, slots=True)
class Reservation:
    """The highest cost of a call, set aside before it is made.

    `day` and `month` are those of the business when the call began: what is settled after midnight counts there, too.
    """

    tenant: str
    session_id: str
    key: CallKey
    model_id: str
    day: date
    nano_dollars: int
    reserved_at: datetime
    expires_at: datetime
    """From then on nobody settles it any more: it counts in full, as an estimate."""
    address_key: str = ""
    """A keyed hash of the visitor's network address, new each day; empty if it is unknown."""
    purpose: Purpose = Purpose.ANSWER
    is_first_of_day: bool = False
    """Whether the conversation has cost nothing on that day before."""

    @property
    def month(self) -> str:
        """Return the month as `2026-11`."""
        return f"{self.day:%Y-%m}"


@dataclass(frozen=True, slots=True)
class Spent:
    """What a business has spent after a reservation, all reservations included."""

    day: int
    month: int


@dataclass(frozen=True, slots=True)
class Reserved:
    """The call may be made."""

    reservation: Reservation
    spent: Spent


@dataclass(frozen=True, slots=True)
class CallResult:
    """How a call ended."""

    usage: Usage
    nano_dollars: int
    stop_reason: str
    """Of the model, or why the call ended otherwise."""
    milliseconds: int
    is_estimate: bool = False
    """Whether the model did not report its usage."""


NOT_SETTLED = "not_settled"
"""The stop reason of a call whose end nobody recorded."""


@dataclass(frozen=True, slots=True)
class UsageRecord:
    """One call of a model, as the table has it."""

    reservation: Reservation
    result: CallResult | None
    """None until the reservation is settled."""

    def is_open(self, now: datetime) -> bool:
        """Return whether the call may still be settled."""
        return self.result is None and now < self.reservation.expires_at

    def count(self) -> CallResult:
        """Return the result that counts: that of the call, or the whole reservation as an estimate."""
        return self.result or CallResult(Usage(), self.reservation.nano_dollars, NOT_SETTLED, 0, is_estimate=True)
