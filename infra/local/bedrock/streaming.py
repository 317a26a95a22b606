"""Sends a prepared answer as an event stream, at the configured pace and with the requested fault."""

import asyncio
import math
import uuid
from collections.abc import Callable

from aiohttp import web

from infra.local.bedrock import event_stream
from infra.local.bedrock.errors import BedrockError
from infra.local.bedrock.faults import Fault
from infra.local.bedrock.reply import Plan, Step
from infra.local.bedrock.standin import Call, Pace


class AnswerStream:
    """One response of `ConverseStream`; it is cancelled when the client disconnects."""

    def __init__(self, http: web.Request, call: Call, pace: Pace, clock: Callable[[], float]) -> None:
        self._http = http
        self._call = call
        self._pace = pace
        self._clock = clock
        self._tokens = 0.0
        headers = {"Content-Type": event_stream.CONTENT_TYPE, "x-amzn-RequestId": str(uuid.uuid4())}
        self._response = web.StreamResponse(headers=headers)

    async def send_events(self, planned: Plan, fault: Fault | None) -> web.StreamResponse:
        """Send all events, or those before the fault ends the stream."""
        started = self._clock()
        await self._response.prepare(self._http)
        deltas = 0
        for step in planned.steps:
            if step.is_delta:
                due = started + self._pace.compute_delay_seconds(self._tokens)
                await asyncio.sleep(max(0.0, due - self._clock()))
            if fault and fault.is_due(step, deltas):
                before = self._clock()
                if await self._apply_fault(fault):
                    return self._response
                # The following events keep their pace, instead of catching up in a burst.
                started += self._clock() - before
                fault = fault if fault.kind == "slow" else None
            await self._send_step(step)
            deltas += step.is_delta
        await self._send_end(planned, started)
        return self._response

    async def _send_step(self, step: Step) -> None:
        await self._response.write(event_stream.encode_event(step.event_type, step.body))
        self._tokens += step.tokens
        self._call.output_tokens = math.ceil(self._tokens)

    async def _apply_fault(self, fault: Fault) -> bool:
        """Apply the fault, and return whether it ended the stream."""
        if fault.kind in ("throttle", "error"):
            await self._end_with_exception(fault.build_error())
        elif fault.kind in ("silent", "intervene"):
            return False  # the first was before the headers, the second is in the plan
        elif fault.kind == "cut":
            # Closed without the last chunk, after the written data is sent.
            if self._http.transport:
                self._http.transport.close()
        else:
            await asyncio.sleep(fault.seconds)
            return False
        return True

    async def _end_with_exception(self, error: BedrockError) -> None:
        self._call.error = error.code
        await self._response.write(event_stream.encode_exception(error.code, error.message))
        await self._response.write_eof()

    async def _send_end(self, planned: Plan, started: float) -> None:
        self._call.output_tokens = planned.output_tokens
        self._call.stop_reason = planned.stop_reason
        latency_ms = round((self._clock() - started) * 1000)
        metadata = {"usage": build_usage(self._call), "metrics": {"latencyMs": latency_ms}}
        await self._response.write(event_stream.encode_event("metadata", metadata))
        self._call.completed = True
        await self._response.write_eof()


def build_usage(call: Call) -> dict[str, int]:
    """Return a call's token usage as the service reports it; `inputTokens` excludes cached tokens."""
    cached = call.cache_read_input_tokens + call.cache_write_input_tokens
    return {
        "inputTokens": call.input_tokens,
        "outputTokens": call.output_tokens,
        "totalTokens": call.input_tokens + cached + call.output_tokens,
        "cacheReadInputTokens": call.cache_read_input_tokens,
        "cacheWriteInputTokens": call.cache_write_input_tokens,
    }
