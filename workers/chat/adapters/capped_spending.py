"""Reserves what a call of a model may cost, and settles what it did."""

import asyncio
import json

import structlog

from shared.clock import Clock
from shared.errors import TransientError
from shared.language_models.catalogue import find_model
from shared.language_models.tokens import estimate_tokens
from shared.messages.server import Usage
from shared.spending.ports import SpendingStore
from shared.spending.rules import (
    SETTLED_WITHIN,
    build_caps,
    compute_cost,
    compute_highest_cost,
    derive_address_key,
    find_local_day,
)
from shared.spending.values import CallKey, CallResult, Cap
from shared.spending.values import Reservation as CallReservation
from shared.tenants.ports import TenantDirectory
from shared.usage import UsageStore
from workers.chat.adapters.bedrock.request import get_request
from workers.chat.adapters.budget_warnings import BudgetWarnings
from workers.chat.domain.usage import estimate_usage
from workers.chat.ports import ModelAttempt, ModelFailure, ModelRequest, OverCap, Reservation

log = structlog.get_logger()

RECORD_SECONDS = 3.0
"""An answer waits no longer for its record: what is not settled counts in full."""

_TOOL_TOKENS = 700
"""What a model's own instructions for tools add to a prompt: 346 tokens with Claude 4
(https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/overview#pricing), twice that to be safe."""

_FREE = frozenset({ModelFailure.BUSY, ModelFailure.QUOTA, ModelFailure.DOWN})


class CappedSpending:
    """A `Spending` with the caps of each business's profile; it also counts the output tokens of days (UTC)."""

    def __init__(
        self,
        *,
        store: SpendingStore,
        usage: UsageStore,
        tenants: TenantDirectory,
        warnings: BudgetWarnings,
        clock: Clock,
    ) -> None:
        self._store = store
        self._usage = usage
        self._tenants = tenants
        self._warnings = warnings
        self._clock = clock

    async def reserve(self, request: ModelRequest) -> Reservation | OverCap:
        """Set the highest cost of a call aside, unless a cap refuses it."""
        profile, now = await self._tenants.get_profile(request.tenant), self._clock.now()
        day, caps = find_local_day(profile, now), build_caps(profile.limits)
        salt = await self._store.get_address_salt(request.tenant, day) if request.source_ip else ""
        asked = CallReservation(
            tenant=request.tenant,
            session_id=request.session_id,
            key=CallKey(request.claim_key, request.claim_attempt, request.number),
            model_id=request.model_id,
            day=day,
            nano_dollars=compute_reservation(request),
            reserved_at=now,
            expires_at=now + SETTLED_WITHIN,
            address_key=derive_address_key(salt, request.source_ip),
            purpose=request.purpose,
        )
        reserved = await self._store.reserve(asked, caps)
        if isinstance(reserved, Cap):
            log.info("model_call_over_cap", cap=reserved.value)
            return OverCap()
        await self._warnings.warn_owner(request, day=day, spent=reserved.spent, caps=caps)
        return Reservation(request, asked.nano_dollars, reserved.reservation)

    async def release(self, reservation: Reservation) -> None:
        """Take a reservation back."""
        if reservation.held is not None:
            await self._store.release(reservation.held)

    async def record_attempt(self, reservation: Reservation, attempt: ModelAttempt) -> int:
        """Replace a reservation by the cost, and add the tokens of an answer that the visitor got to those of the day.

        Return the cost in nano-dollars.

        Raises:
            TransientError: the table could not be reached in time; the reservation stays, and counts in full.
        """
        usage = attempt.usage or attempt.estimated_usage or _estimate_unreported(reservation.request, attempt)
        nano_dollars = compute_cost(find_model(attempt.model_id).prices, usage)
        parts = []
        if reservation.held is not None:
            result = CallResult(
                usage=usage,
                nano_dollars=nano_dollars,
                stop_reason=attempt.outcome,
                milliseconds=round(attempt.milliseconds),
                is_estimate=attempt.usage is None and usage != Usage(),
            )
            parts.append(self._replace_reservation(reservation.held, result))
        if (attempt.usage or attempt.estimated_usage) and not attempt.has_failed:
            parts.append(self._usage.add_usage(reservation.request.tenant, f"{self._clock.now():%Y-%m-%d}", usage))
        try:
            async with asyncio.timeout(RECORD_SECONDS):
                outcomes = await asyncio.gather(*parts, return_exceptions=True)
        except TimeoutError as error:
            raise TransientError(f"spending: not settled in {RECORD_SECONDS} s") from error
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        return nano_dollars

    async def _replace_reservation(self, held: CallReservation, result: CallResult) -> None:
        if not await self._store.settle(held, result):
            log.warning("usage_settled_before")


def compute_reservation(request: ModelRequest) -> int:
    """Return the most that a call can cost, in nano-dollars, from the request that the model gets."""
    model = find_model(request.model_id)
    content = get_request(request.model_id, request.prompt)
    text = json.dumps([content["system"], content["messages"], content.get("toolConfig")], ensure_ascii=False)
    tokens = estimate_tokens(text, model) + _TOOL_TOKENS
    return compute_highest_cost(
        model.prices, prompt_tokens=tokens, max_output_tokens=content["inferenceConfig"]["maxTokens"]
    )


def _estimate_unreported(request: ModelRequest, attempt: ModelAttempt) -> Usage:
    """Return the tokens of a call that wrote nothing: none if it was refused, else those of the prompt."""
    is_refused = attempt.has_failed and (attempt.outcome in _FREE or attempt.outcome.startswith("aws_"))
    return Usage() if is_refused else estimate_usage(request.prompt, 0)
