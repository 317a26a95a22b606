"""The two routes of Bedrock Runtime: `Converse` answers with one message, `ConverseStream` with a stream."""

import asyncio
import logging
import uuid

from aiohttp import web

from infra.local.bedrock.errors import BedrockError, build_internal_error, build_throttling_error
from infra.local.bedrock.faults import Fault
from infra.local.bedrock.generations import find_generation
from infra.local.bedrock.obedience import obey, plan_obedience
from infra.local.bedrock.reply import Plan, intervene, plan_reply
from infra.local.bedrock.request import parse_request
from infra.local.bedrock.standin import Call, StandIn, build_tool_use_id
from infra.local.bedrock.streaming import AnswerStream, build_usage
from infra.local.bedrock.validation import check_request

STAND_IN = web.AppKey("stand_in", StandIn)
THINKING_TOKENS = 120
"""How long this stand-in thinks before each answer, where a model thinks."""

log = logging.getLogger(__name__)


async def converse(http: web.Request) -> web.StreamResponse:
    """Answer with the whole message."""
    body = await http.read()
    call, fault = http.app[STAND_IN].begin_call(http.match_info["model_id"], stream=False, body=body)
    try:
        prepared = await _prepare_answer(http, call, fault)
        return await _answer_whole(http, call, fault, prepared)
    except BedrockError as error:
        return _build_error_response(call, error)


async def converse_stream(http: web.Request) -> web.StreamResponse:
    """Answer with an event stream; an error before its first event is an ordinary response."""
    stand_in = http.app[STAND_IN]
    call, fault = stand_in.begin_call(http.match_info["model_id"], stream=True, body=await http.read())
    try:
        prepared = await _prepare_answer(http, call, fault)
    except BedrockError as error:
        return _build_error_response(call, error)
    return await AnswerStream(http, call, stand_in.pace, stand_in.clock).send_events(prepared, fault)


async def _prepare_answer(http: web.Request, call: Call, fault: Fault | None) -> Plan:
    if fault and fault.refuses:
        raise fault.build_error()
    if fault and fault.kind == "silent":
        await asyncio.sleep(fault.seconds)
    intervenes_after = (fault.after_deltas or 0) if fault and fault.kind == "intervene" else None
    return prepare_plan(http.app[STAND_IN], call, await http.read(), intervenes_after=intervenes_after)


def prepare_plan(stand_in: StandIn, call: Call, body: bytes, *, intervenes_after: int | None = None) -> Plan:
    """Check a request, charge its input, and return the reply to it.

    Raises:
        BedrockError: the service would refuse the request.
    """
    generation = find_generation(call.model)
    stand_in.check_access(call.model)
    request = parse_request(body)
    call.last_user_text = request.last_user_text
    check_request(call.model, request)
    usage = stand_in.cache.charge_input(call.model, request)
    call.input_tokens = usage.fresh
    call.cache_read_input_tokens = usage.cache_read
    call.cache_write_input_tokens = usage.cache_write
    if stand_in.obeys:
        obeyed = obey(request)
        stand_in.obeyed_orders += obeyed.orders
        return plan_obedience(obeyed, build_tool_use_id(request))
    thinks = generation.thinks and request.thinking_type not in {"disabled", "between_tools"}
    planned = plan_reply(
        stand_in.reply_to(request),
        build_tool_use_id(request),
        request.inference_config,
        thinking_tokens=THINKING_TOKENS if thinks or request.thinking_type in {"enabled", "adaptive"} else 0,
    )
    if intervenes_after is None or request.guardrail_config is None:
        return planned
    return intervene(planned, intervenes_after)


async def _answer_whole(http: web.Request, call: Call, fault: Fault | None, prepared: Plan) -> web.Response:
    stand_in = http.app[STAND_IN]
    started = stand_in.clock()
    await asyncio.sleep(stand_in.pace.compute_delay_seconds(prepared.output_tokens))
    if fault and fault.kind != "intervene":
        if fault.kind in ("throttle", "error"):
            raise build_throttling_error() if fault.kind == "throttle" else build_internal_error()
        if fault.kind == "cut":
            if http.transport:
                http.transport.close()
            return web.Response()  # not sent: the connection is closed
        await asyncio.sleep(fault.seconds * (prepared.delta_count if fault.kind == "slow" else 1))
    call.output_tokens = prepared.output_tokens
    call.stop_reason = prepared.stop_reason
    call.completed = True
    body = {
        "output": {"message": {"role": "assistant", "content": list(prepared.content)}},
        "stopReason": prepared.stop_reason,
        "usage": build_usage(call),
        "metrics": {"latencyMs": round((stand_in.clock() - started) * 1000)},
    }
    return web.json_response(body, headers={"x-amzn-RequestId": str(uuid.uuid4())})


def _build_error_response(call: Call, error: BedrockError) -> web.Response:
    call.error = error.code
    log.info("call_refused %s %s: %s", call.model, error.code, error.message)
    headers = {"x-amzn-ErrorType": error.code, "x-amzn-RequestId": str(uuid.uuid4())}
    if error.retry_after_seconds is not None:
        headers["Retry-After"] = str(error.retry_after_seconds)
    return web.json_response({"message": error.message}, status=error.status, headers=headers)
