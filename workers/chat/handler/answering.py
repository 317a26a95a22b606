"""Streams the model's answer to the visitor."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import replace

import structlog

from shared.claims import ClaimStore
from shared.conversations.replies import Replies
from shared.errors import PermanentError
from shared.ids import derive_id
from workers.chat.dependencies import ChatPorts
from workers.chat.domain.tool import FreeTime, ToolContext, ToolResult
from workers.chat.domain.usage import estimate_usage
from workers.chat.handler.answer import Answer, AnswerRequest
from workers.chat.handler.attempts import SHORTEST_CALL_SECONDS, CallTally, ModelAttempts
from workers.chat.handler.delta_schedule import DeltaSchedule
from workers.chat.handler.deltas import Coalescer, coalesce_deltas
from workers.chat.handler.listeners import Listeners, watch_for_listeners
from workers.chat.handler.stop_checks import StopChecks
from workers.chat.handler.stopping import iterate_until, run_until, watch_for_stop
from workers.chat.handler.tool_calls import MAX_TOOL_CALLS, build_exchange, run_tools
from workers.chat.ports import DEADLINE, Finished, ModelEvent, Restarted, TextDelta, ToolCall

log = structlog.get_logger()

MAX_ROUNDS = 3
"""How often the model is asked for one message, with the results of its tools; the last time it has no tools."""


class AnswerStoppedError(Exception):
    """The visitor stopped the answer before the model was called."""


class AnswerStreamer:
    """Asks the model, and posts its answer while it comes."""

    def __init__(self, *, ports: ChatPorts, attempts: ModelAttempts, replies: Replies, claims: ClaimStore) -> None:
        self._ports = ports
        self._attempts = attempts
        self._replies = replies
        self._claims = claims
        self._schedule = DeltaSchedule()
        self._stops = StopChecks(claims)

    async def stream(self, request: AnswerRequest) -> Answer:
        """Stream the model's answer to the connections, until it ends or the visitor stops it.

        A reply without content is requested once more; without tools, if the call of one was malformed.
        """
        command, answer = request.command, Answer(tally=request.tally, links=request.links)
        listeners = Listeners(command, request.listeners, replies=self._replies, clock=self._ports.clock)

        checked_once = asyncio.Event()

        async def is_stop_requested() -> bool:
            if checked_once.is_set():
                return await self._stops.is_requested(command.id)
            try:
                # Alone, because the call of the model waits for it.
                return await self._claims.is_stop_requested(command.id)
            finally:
                checked_once.set()

        async def begin() -> None:
            await request.message.wait_until_posted()
            await listeners.announce()

        async with (
            self._measure(answer.tally),
            watch_for_stop(is_stop_requested) as stopped,
            coalesce_deltas(lambda: answer.visible_text, listeners, self._schedule, begin=begin) as deltas,
            watch_for_listeners(listeners, deltas.wake),
        ):

            async def check_call() -> None:
                await request.message.check_number()
                await checked_once.wait()
                if stopped.is_set():
                    raise AnswerStoppedError

            await self._answer_in_rounds(replace(request, check_call=check_call), answer, deltas, stopped)
            await deltas.begun.wait()
        return answer

    @asynccontextmanager
    async def _measure(self, tally: CallTally) -> AsyncIterator[None]:
        """Record how long the calls for an answer took and what they cost, however it ends."""
        started = time.monotonic()
        try:
            yield
        finally:
            if tally.calls:
                self._ports.metrics.record_milliseconds("BedrockLatency", (time.monotonic() - started) * 1000)
                self._ports.metrics.record_nano_dollars(
                    "AnswerCostNanoDollars", tally.nano_dollars - tally.measured_nano_dollars
                )
                tally.measured_nano_dollars = tally.nano_dollars

    async def _answer_in_rounds(
        self, request: AnswerRequest, answer: Answer, deltas: Coalescer, stopped: asyncio.Event
    ) -> None:
        """Ask the model, and again with the results of its tools while they have some."""
        free_times: frozenset[FreeTime] = frozenset()
        for number in range(MAX_ROUNDS):
            if number == MAX_ROUNDS - 1:
                request = _without_tools(request)
            try:
                await self._read_content(request, answer, deltas, stopped)
            except PermanentError:
                left = request.deadline.remaining(asyncio.get_running_loop().time())
                if not (number and answer.text.text and left < SHORTEST_CALL_SECONDS):
                    raise
                answer.stop_reason = DEADLINE
                return
            results = await self._run_tools(request, answer, stopped, number, free_times)
            answer.actions = [result.action for result in results if result.action] or answer.actions
            exchange = build_exchange(answer.text.part, answer.calls, results) if results else None
            if exchange is None or answer.ending != "complete":
                return
            free_times = free_times.union(*(result.free_times for result in results))
            exchanges = (*request.prompt.exchanges, exchange)
            request = replace(request, prompt=replace(request.prompt, exchanges=exchanges))
            answer.continue_below()

    async def _run_tools(
        self,
        request: AnswerRequest,
        answer: Answer,
        stopped: asyncio.Event,
        number: int,
        free_times: frozenset[FreeTime],
    ) -> list[ToolResult]:
        """Carry the calls of a reply out; none of a reply that is stopped or declined."""
        if answer.stopped or not answer.calls or answer.ending == "declined":
            return []
        context = ToolContext(
            command=request.command,
            profile=request.profile,
            now=self._ports.clock.now(),
            deadline=request.deadline,
            call_id=derive_id(request.command.claim_key, f"tools/{request.claim_attempt}/{number}"),
            free_times=free_times,
        )
        results = await run_until(stopped, run_tools(request.prompt.tools, answer.calls, context))
        answer.stopped = results is None
        return results or []

    def _compute_pause_seconds(self, event: ModelEvent) -> float:
        return self._schedule.compute_reading_pause_seconds() if isinstance(event, TextDelta) else 0.0

    async def _read_content(
        self, request: AnswerRequest, answer: Answer, deltas: Coalescer, stopped: asyncio.Event
    ) -> None:
        """Read one reply, and another one if it is empty."""
        await self._read_reply(request, answer, deltas, stopped)
        if not answer.is_empty or answer.ending not in {"complete", "malformed"}:
            return
        log.info("answer_empty", stop_reason=answer.stop_reason)
        if answer.ending == "malformed" or answer.has_unknown_call:
            request = _without_tools(request)
        answer.begin_again()
        await self._read_reply(request, answer, deltas, stopped)

    async def _read_reply(
        self, request: AnswerRequest, answer: Answer, deltas: Coalescer, stopped: asyncio.Event
    ) -> None:
        """Read one reply to its end, or until it is stopped; once it is, the model is not called."""
        names, calls_before = {tool.name for tool in request.prompt.tools}, answer.tally.calls
        calls = self._attempts.stream(
            request.command,
            request.prompt,
            deadline=request.deadline,
            claim_attempt=request.claim_attempt,
            tally=answer.tally,
            before_call=request.check_call,
        )
        with suppress(AnswerStoppedError):
            async with aclosing(calls) as events:
                async for event in iterate_until(stopped, events, pause_after=self._compute_pause_seconds):
                    match event:
                        case TextDelta(piece, block):
                            answer.text.add(piece, block)
                            deltas.wake()
                        case ToolCall(name=name) if name in names:
                            answer.calls += [event] if len(answer.calls) < MAX_TOOL_CALLS else []
                        case ToolCall():
                            answer.has_unknown_call = True
                        case Restarted():
                            answer.begin_again()
                        case Finished(usage=usage, stop_reason=reason):
                            answer.usage += usage
                            answer.stop_reason = reason
        answer.text.end()
        if answer.ending == "malformed":
            answer.calls.clear()
        if stopped.is_set() and answer.stop_reason is None:
            answer.stopped = True
        if answer.stopped and answer.tally.calls > calls_before:
            # The model reports usage only at the end of an answer, but a stopped answer is billed as well.
            answer.usage += estimate_usage(request.prompt, answer.text.received_characters)


def _without_tools(request: AnswerRequest) -> AnswerRequest:
    return replace(request, prompt=replace(request.prompt, tools=()))
