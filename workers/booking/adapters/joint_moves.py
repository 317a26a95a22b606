"""Moves several confirmed visits in one DynamoDB transaction, so that they can exchange their times."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from shared.claims import Claim
from shared.errors import TransientError
from workers.booking.adapters.bucket_items import Bucket, SlotRows
from workers.booking.adapters.day_grids import DayGrids
from workers.booking.adapters.quota_rows import MAX_CHOICES, QuotaRows, UnitChoice
from workers.booking.adapters.transactions import TooManyBucketsError, Transactions
from workers.booking.domain.quotas import Quota
from workers.booking.domain.values import Appointment
from workers.booking.ports import GridTooFine, Lost, QuotaFull, SlotLost

Moves = Sequence[tuple[Appointment, Appointment]]
"""Confirmed visits, each as it is and as it will be."""


class JointMoves:
    """Builds transactions that contain each row once.

    A bucket that changes its owner is put, and only one that none of the visits needs is deleted.
    """

    def __init__(self, slots: SlotRows, grids: DayGrids, quotas: QuotaRows, transactions: Transactions) -> None:
        self._slots = slots
        self._grids = grids
        self._quotas = quotas
        self._transactions = transactions

    async def write(self, moves: Moves, *, at: datetime, claim: Claim, quotas: Sequence[Quota]) -> Lost | None:
        """Move the visits with their quota units; return what prevents it.

        Raises:
            TransientError, LeaseLostError: as for every write of an appointment.
        """
        before = [(old, bucket) for old, _ in moves for bucket in await self._grids.list_buckets(old)]
        after = [(new, bucket) for _, new in moves for bucket in await self._grids.list_buckets(new)]
        needed = {bucket.text for _, bucket in after}
        if len(needed) < len(after):
            return SlotLost()
        owners = [old.appointment_id for old, _ in moves]
        takes = [self._slots.build_transfer_part(bucket, new, owners) for new, bucket in _select_gained(before, after)]
        frees = [self._slots.build_free_part(bucket, old) for old, bucket in before if bucket.text not in needed]
        for choice_number in range(MAX_CHOICES):
            choices = await self._quotas.choose_units(quotas, at=at, may_lag=choice_number == 0, also=owners)
            if isinstance(choices, QuotaFull):
                return choices
            puts = [choice.put for choice in choices]
            changes = [*takes, *puts, *frees, *self._build_unit_frees(moves, choices)]
            try:
                lost = await self._transactions.write_all(
                    [_assign_units(new, choices) for _, new in moves], claim, changes
                )
            except TooManyBucketsError:
                return GridTooFine()
            if lost is None:
                return None
            if lost < len(takes):
                return SlotLost()
            if lost >= len(takes) + len(puts):
                raise TransientError("appointments: what was to be freed belongs to another appointment")
        raise TransientError("appointments: too many conflicts over quota units")

    def _build_unit_frees(self, moves: Moves, choices: Sequence[UnitChoice]) -> list[dict[str, object]]:
        kept = {(choice.unit.key, choice.unit.number) for choice in choices}
        return [
            self._quotas.build_free_part(unit, old.appointment_id)
            for old, _ in moves
            for unit in old.quota_units
            if unit.is_lasting and (unit.key, unit.number) not in kept
        ]


def _select_gained(
    before: Sequence[tuple[Appointment, Bucket]], after: Sequence[tuple[Appointment, Bucket]]
) -> list[tuple[Appointment, Bucket]]:
    """Return the buckets that a visit does not own yet."""
    owned = {(old.appointment_id, bucket.text) for old, bucket in before}
    return [(new, bucket) for new, bucket in after if (new.appointment_id, bucket.text) not in owned]


def _assign_units(visit: Appointment, choices: Sequence[UnitChoice]) -> Appointment:
    units = [choice.unit for choice in choices if choice.quota.holder == visit.appointment_id]
    # Those that have an end count its visitor's visits, whenever they are.
    return replace(visit, quota_units=(*units, *(unit for unit in visit.quota_units if not unit.is_lasting)))
