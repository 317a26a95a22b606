"""Builds and reads the quota rows of the `limits` table: one per unit of a quota that is in use."""

import asyncio
import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from shared.aws.errors import get_error_code, translate_aws_errors
from shared.aws.items import from_item, to_item
from shared.backoff import compute_backoff_seconds
from shared.claims import Claim
from shared.errors import TransientError
from shared.instants import from_milliseconds, to_milliseconds
from shared.retention import DAY_QUOTA_RETENTION, QUOTA_RETENTION, compute_expiry
from workers.booking.domain.quotas import HeldMinutes, Quota
from workers.booking.domain.values import QuotaUnit
from workers.booking.ports import QuotaFull

MAX_CHOICES = 8
"""How often units are chosen again when others took the chosen ones."""

_FIRST_PAUSE_SECONDS = 0.1
_MAX_PAUSE_SECONDS = 2.0
"""Before units are chosen again that were given back because of a share: others may have given theirs back, too."""

_CONDITION_FAILED = "ConditionalCheckFailedException"


@dataclass(frozen=True, slots=True)
class UnitChoice:
    """A unit that was free when it was read, and the transaction part that takes it if it still is."""

    quota: Quota
    unit: QuotaUnit
    put: dict[str, Any]
    other_claim: bool = False
    """Whether an attempt of the same command has the unit by another claim."""


class QuotaRows:
    """Finds free units and builds the transaction parts that take, keep and free them.

    A row has `quota`, `seat` (the unit's number), `taker` (its holder), `until_ms` unless it is permanent,
    `claim_owner` if it was taken outside a transaction, `minutes`, `from_ms` and `networks` if its quota is a share of
    time, and `expires_at` for the table's TTL. `domain/quotas.py` defines the values of `quota`. The table also stores
    send rates and changes of visits (docs/data.md).
    """

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    async def choose_units(
        self,
        quotas: Sequence[Quota],
        *,
        at: datetime,
        may_lag: bool,
        also: Collection[str] = (),
        stale_holder: str | None = None,
        claim_owner: str | None = None,
    ) -> list[UnitChoice] | QuotaFull:
        """Return a free unit of each quota, or a quota that has none: first one of which no proof of work gives one.

        A unit is free if it has no holder, has expired at `at`, or belongs to the quota's own holder or one of `also`;
        a unit of `stale_holder` is free unless it is permanent. The unit is chosen at random, so that concurrent
        transactions seldom conflict. Quotas with the same key get different units.

        With `claim_owner` the part takes the unit outside a transaction, which would check the claim. So it takes a
        unit of the quota's own holder only if this claim has taken it before. A quota of which none is taken only needs
        a free one.

        With `may_lag` the read costs half and may miss changes of the last second: the write checks that the unit is
        free. But no quota is full without a consistent read.
        """
        # A share is of minutes, which the write does not check.
        rows = await asyncio.gather(
            *(self._query_rows(quota.key, may_lag=may_lag and quota.max_minutes is None) for quota in quotas)
        )
        choices: list[UnitChoice] = []
        full: list[QuotaFull] = []
        chosen: set[tuple[str, int]] = set()
        rivals: frozenset[str] = frozenset()
        for quota, stored in zip(quotas, rows, strict=True):
            current = (row for row in stored if _is_current(row, at) and row["taker"] not in {quota.holder, *also})
            rivals |= quota.find_rivals(map(_read_held_minutes, current))
        # First those that have a unit already, so that no other gets it.
        for quota, stored in sorted(zip(quotas, rows, strict=True), key=_lacks_own_unit):
            left_behind = () if quota.is_lasting or stale_holder is None else (stale_holder,)
            ours = {quota.holder, *also, *left_behind}
            others = [row for row in stored if _is_current(row, at) and row["taker"] not in ours]
            numbers = set(range(quota.units)) - {int(row["seat"]) for row in others}
            numbers -= {number for key, number in chosen if key == quota.key}
            held = [_read_held_minutes(row) for row in others]
            if not numbers or not quota.has_room(held):
                if may_lag:
                    return await self.choose_units(
                        quotas, at=at, may_lag=False, also=also, stale_holder=stale_holder, claim_owner=claim_owner
                    )
                ends = [int(row["until_ms"]) for row in others if "until_ms" in row]
                frees_at = from_milliseconds(min(ends)) if len(ends) == len(others) > 0 else None
                full.append(QuotaFull(quota.bound, frees_at, quota.has_room_with_proof(held), rivals))
                continue
            if not quota.takes_unit:
                continue
            own_rows = [row for row in stored if row["taker"] == quota.holder and int(row["seat"]) in numbers]
            number = int(own_rows[0]["seat"]) if own_rows else _choose_number(quota, numbers)
            chosen.add((quota.key, number))
            choices.append(
                UnitChoice(
                    quota,
                    QuotaUnit(quota.key, number, quota.is_lasting),
                    self._build_take_part(quota, number, at, ours, claim_owner),
                    other_claim=any(row.get("claim_owner") != claim_owner for row in own_rows),
                )
            )
        return min(full, key=lambda one: one.has_room_with_proof) if full else choices

    async def take_units(
        self, quotas: Sequence[Quota], *, at: datetime, claim: Claim, stale_holder: str | None
    ) -> list[UnitChoice] | QuotaFull | None:
        """Take a unit of each quota by a write of its own; if one has none, free those that were taken.

        Returns None, and leaves no unit taken, if another attempt of the command has units: only a transaction, which
        checks the claim, may take them over.

        Raises:
            TransientError: others took the chosen units again and again.
        """
        written: list[UnitChoice] = []
        for choice_number in range(MAX_CHOICES):
            choices = await self.choose_units(
                quotas, at=at, may_lag=choice_number == 0, stale_holder=stale_holder, claim_owner=claim.owner
            )
            if isinstance(choices, QuotaFull) or any(choice.other_claim for choice in choices):
                await self.free_units(written, claim)
                return choices if isinstance(choices, QuotaFull) else None
            results = await asyncio.gather(*(self._take_unit(choice) for choice in choices))
            written = [choice for choice, is_written in zip(choices, results, strict=True) if is_written]
            if len(written) == len(choices):
                if not await self._is_share_exceeded(choices, at, stale_holder):
                    return written
                await self.free_units(written, claim)
                written = []
                await asyncio.sleep(
                    compute_backoff_seconds(
                        choice_number + 1, base_seconds=_FIRST_PAUSE_SECONDS, cap_seconds=_MAX_PAUSE_SECONDS
                    )
                )
        await self.free_units(written, claim)
        raise TransientError("limits: too many conflicts over quota units")

    async def _is_share_exceeded(self, choices: Sequence[UnitChoice], at: datetime, stale_holder: str | None) -> bool:
        """Return whether a share is exceeded with the units that others took since it was read.

        Their writes meet ours only if they chose the same unit. Of two that exceed a share together, the one that was
        written last sees the other: at least that one is given back.
        """
        for quota in (choice.quota for choice in choices if choice.quota.max_minutes is not None):
            rows = await self._query_rows(quota.key, may_lag=False)
            others = [row for row in rows if _is_current(row, at) and row["taker"] not in {quota.holder, stale_holder}]
            if quota.exceeds_share([_read_held_minutes(row) for row in others]):
                return True
        return False

    async def free_units(self, choices: Sequence[UnitChoice], claim: Claim) -> None:
        """Free units that this claim has taken; those that a later attempt has taken over remain."""
        await asyncio.gather(*(self._delete_if_claimed_by(choice.unit, claim) for choice in choices))

    async def _take_unit(self, choice: UnitChoice) -> bool:
        with translate_aws_errors("limits.take"):
            try:
                await self._client.put_item(**choice.put["Put"])
            except ClientError as error:
                if get_error_code(error) != _CONDITION_FAILED:
                    raise
                return False
        return True

    async def _delete_if_claimed_by(self, unit: QuotaUnit, claim: Claim) -> None:
        with translate_aws_errors("limits.free"):
            try:
                await self._client.delete_item(
                    TableName=self._table,
                    Key=_build_key(unit.key, unit.number),
                    ConditionExpression="claim_owner = :owner",
                    ExpressionAttributeValues=to_item({":owner": claim.owner}),
                )
            except ClientError as error:
                if get_error_code(error) != _CONDITION_FAILED:
                    raise

    async def find_holders(self, key: str, at: datetime) -> list[str]:
        """Return who has the units of a key at `at`."""
        return [row["taker"] for row in await self._query_rows(key, may_lag=False) if _is_current(row, at)]

    def build_keep_part(self, unit: QuotaUnit, holder: str) -> dict[str, Any]:
        """Keep an owned unit permanently."""
        return {
            "Update": {
                "TableName": self._table,
                "Key": _build_key(unit.key, unit.number),
                "UpdateExpression": "REMOVE until_ms",
                "ConditionExpression": "taker = :taker",
                "ExpressionAttributeValues": to_item({":taker": holder}),
            }
        }

    def build_free_part(self, unit: QuotaUnit, holder: str) -> dict[str, Any]:
        """Free a unit; a unit that is free already is no error."""
        return {
            "Delete": {
                "TableName": self._table,
                "Key": _build_key(unit.key, unit.number),
                "ConditionExpression": "attribute_not_exists(quota) OR taker = :taker",
                "ExpressionAttributeValues": to_item({":taker": holder}),
            }
        }

    async def _query_rows(self, key: str, *, may_lag: bool) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        query: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "quota = :quota",
            "ExpressionAttributeValues": to_item({":quota": key}),
            "ConsistentRead": not may_lag,
        }
        while True:
            with translate_aws_errors("limits.query"):
                answer = await self._client.query(**query)
            rows += [from_item(item) for item in answer.get("Items", ())]
            if not (after := answer.get("LastEvaluatedKey")):
                return rows
            query["ExclusiveStartKey"] = after

    def _build_take_part(
        self, quota: Quota, number: int, at: datetime, ours: Collection[str], claim_owner: str | None
    ) -> dict[str, Any]:
        item = {"quota": quota.key, "seat": number, "taker": quota.holder, "expires_at": _compute_row_expiry(quota, at)}
        if quota.until is not None:
            item["until_ms"] = to_milliseconds(quota.until)
        conditions = ["attribute_not_exists(quota)", "until_ms <= :at"]
        values: dict[str, Any] = {":at": to_milliseconds(at)}
        if quota.max_minutes is not None:
            item |= {"minutes": quota.minutes, "networks": " ".join(share.network for share in quota.networks)}
            if quota.start is not None:
                item["from_ms"] = to_milliseconds(quota.start)
        if claim_owner is not None:
            item["claim_owner"] = claim_owner
            values[":owner"] = claim_owner
            conditions.append("claim_owner = :owner")
        holders = sorted(set(ours) - ({quota.holder} if claim_owner is not None else set()))
        if holders:
            names = {f":taker{position}": holder for position, holder in enumerate(holders)}
            values |= names
            conditions.append(f"taker IN ({', '.join(names)})")
        return {
            "Put": {
                "TableName": self._table,
                "Item": to_item(item),
                "ConditionExpression": " OR ".join(conditions),
                "ExpressionAttributeValues": to_item(values),
            }
        }


def _lacks_own_unit(quota_and_rows: tuple[Quota, list[dict[str, Any]]]) -> bool:
    quota, rows = quota_and_rows
    return all(row["taker"] != quota.holder for row in rows)


def _choose_number(quota: Quota, numbers: Collection[int]) -> int:
    if quota.networks:
        return min(numbers, key=quota.rank_unit)
    return random.choice(sorted(numbers))  # noqa: S311 - no secret


def _read_held_minutes(row: dict[str, Any]) -> HeldMinutes:
    start = from_milliseconds(row["from_ms"]) if "from_ms" in row else None
    return HeldMinutes(int(row.get("minutes", 0)), row.get("networks", "").split(), row["taker"], start)


def _is_current(row: dict[str, Any], at: datetime) -> bool:
    until = row.get("until_ms")
    return until is None or until > to_milliseconds(at)


def _compute_row_expiry(quota: Quota, at: datetime) -> int:
    return compute_expiry(max(quota.until or at, at), DAY_QUOTA_RETENTION if quota.is_lasting else QUOTA_RETENTION)


def _build_key(quota: str, number: int) -> dict[str, Any]:
    return to_item({"quota": quota, "seat": number})
