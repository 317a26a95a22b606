"""Carries out a fault: an error, a late or partial answer, or none."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from tests.broker.counts import Counts
from tests.broker.errors import SqsError
from tests.broker.exchange import Exchange
from tests.broker.faults import Faults, Rule
from tests.broker.framing import Request
from tests.broker.service import Service, refuse

THROTTLED = SqsError("RequestThrottled", "The request was denied due to request throttling.")
BROKEN = SqsError("InternalFailure", "The request processing has failed because of an unknown error.", 500)
FAILED_ENTRY = SqsError("InternalError", "We encountered an internal error. Please try again.", 500)


class FaultInjector:
    """Applies rules to calls."""

    def __init__(self, faults: Faults, service: Service, counts: Counts) -> None:
        self._faults = faults
        self._service = service
        self._counts = counts

    def strike(
        self, rule: Rule, action: str, request: Request, exchange: Exchange, disconnect: Callable[[], None]
    ) -> None:
        """Apply a rule to a call."""
        if rule.kind == "fail_entries":
            self._fail_entries(rule, action, request, exchange)
            return
        self._counts.faults[rule.kind] += 1
        if rule.kind == "latency":
            later = asyncio.get_running_loop().call_later
            later(rule.milliseconds / 1000, self._service.carry_out, action, request.body, exchange)
            return
        if rule.applied:
            self._service.carry_out(action, request.body, _DroppedAnswer(exchange))
        match rule.kind:
            case "throttle":
                refuse(exchange, THROTTLED)
            case "error500":
                refuse(exchange, BROKEN)
            case "reset":
                disconnect()
            case "silent":
                pass

    def _fail_entries(self, rule: Rule, action: str, request: Request, exchange: Exchange) -> None:
        call = json.loads(request.body)
        kept: list[dict[str, Any]] = []
        failing: list[dict[str, Any]] = []
        for entry in call.get("Entries", ()):
            (failing if self._faults.strikes(rule, action) else kept).append(entry)
        self._counts.faults[rule.kind] += len(failing)
        failures = [
            {"Id": entry["Id"], "SenderFault": False, "Code": FAILED_ENTRY.code, "Message": FAILED_ENTRY.message}
            for entry in failing
        ]
        if not failing:
            self._service.carry_out(action, request.body, exchange)
        elif not kept:
            exchange.answer(json.dumps({"Successful": [], "Failed": failures}).encode())
        else:
            call["Entries"] = kept
            self._service.carry_out(action, json.dumps(call).encode(), _AnswerWithFailures(exchange, failures))


class _DroppedAnswer:
    """Discards the answer of a call that was carried out."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    @property
    def gone(self) -> bool:
        return self._exchange.gone

    def answer(self, body: bytes, *, status: int = 200, query_error: str = "") -> None:
        """Discard the answer."""


class _AnswerWithFailures:
    """Adds the entries that a rule made fail to a batch's answer."""

    def __init__(self, exchange: Exchange, failures: list[dict[str, Any]]) -> None:
        self._exchange = exchange
        self._failures = failures

    @property
    def gone(self) -> bool:
        return self._exchange.gone

    def answer(self, body: bytes, *, status: int = 200, query_error: str = "") -> None:
        """Send the answer with the failed entries."""
        if status == 200:
            content = json.loads(body)
            content["Failed"] = [*content.get("Failed", ()), *self._failures]
            body = json.dumps(content).encode()
        self._exchange.answer(body, status=status, query_error=query_error)
