"""The ports of spending: what workers reserve and settle, and what the desk reads."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from shared.spending.totals import DayTotals
from shared.spending.values import CallResult, Cap, Caps, Reservation, Reserved, UsageRecord


class SpendingStore(Protocol):
    """Counts what calls cost, never beyond a cap."""

    async def reserve(self, reservation: Reservation, caps: Caps) -> Reserved | Cap:
        """Set the highest cost of a call aside; return the cap that refuses it, and then nothing is set aside.

        Several callers at once never exceed a cap together. If a caller dies, or an answer is lost, too much may stay
        set aside, never too little.

        Raises:
            TransientError: the table could not be reached; the call must not be made.
        """
        ...

    async def release(self, reservation: Reservation) -> None:
        """Take back a reservation whose call is not made, as if it had not been there; not one that is settled."""
        ...

    async def settle(self, reservation: Reservation, result: CallResult) -> bool:
        """Replace the reservation by the cost, and add the call to the sums, at once.

        Return False, and change nothing, if it was settled before, or erased.
        """
        ...

    async def get_address_salt(self, tenant: str, day: date) -> str:
        """Return the random salt of the business's keys of network addresses on a day; the first caller makes it."""
        ...

    async def note_warning(self, tenant: str, day: date, cap: Cap) -> bool:
        """Note that the owner is warned of a cap on the day, or in its month; return False if that was noted before."""
        ...


class BookingCounts(Protocol):
    """Counts the visits that became confirmed."""

    async def count_confirmed(self, tenant: str, first: date, last: date) -> Mapping[date, int]:
        """Return how many visits were confirmed on each day that has some, both days included."""
        ...


class UsageReports(Protocol):
    """Reads what was spent; corrects the sums, and erases what is personal."""

    async def list_totals(self, tenant: str, first: date, last: date) -> Sequence[DayTotals]:
        """Return the sums of each day and model, both days included, in the order of days and models.

        They have what was settled.
        """
        ...

    async def list_current_totals(self, tenant: str, first: date, last: date, now: datetime) -> Sequence[DayTotals]:
        """Return the same sums together with what can't be settled any more, as estimates."""
        ...

    async def get_committed(self, tenant: str, day: date) -> tuple[int, int]:
        """Return the nano-dollars that count for the caps of the day and of its month, open reservations included."""
        ...

    def iterate_records(self, tenant: str, day: date) -> AsyncIterator[UsageRecord]:
        """Yield the records of a day."""
        ...

    async def rebuild_day(self, tenant: str, day: date, now: datetime) -> Sequence[DayTotals]:
        """Settle what can't be settled any more as estimates, and compute the day's sums and caps from its records."""
        ...

    async def erase_session(self, tenant: str, session_id: str, *, dry_run: bool = False) -> int:
        """Remove the session from its records, which stay for the sums; return how many these are.

        A dry run only counts them.
        """
        ...


class TextMessageBudgets(Protocol):
    """Counts what the text messages of a business cost on a day, in nano-dollars, never beyond a budget.

    Raises:
        TransientError: the table can't be reached.
    """

    async def reserve(self, tenant: str, day: date, price: int, *, budget: int, now: datetime) -> bool:
        """Add the price to what is spent, unless that would exceed the budget; return whether it was added."""
        ...

    async def release(self, tenant: str, day: date, price: int) -> None:
        """Take back the price of a message that was certainly not sent."""
        ...

    async def note_alert(self, tenant: str, day: date, *, now: datetime) -> bool:
        """Note that the operators are alerted of the day; return False if that was noted before."""
        ...

    async def get_spent(self, tenant: str, day: date) -> int:
        """Return what is spent at most."""
        ...
