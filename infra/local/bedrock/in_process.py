"""The stand-in without a server: a client with the one method of aiobotocore's that the chat worker calls."""

import json
from collections.abc import AsyncIterator
from typing import Any

from infra.local.bedrock.converse import prepare_plan
from infra.local.bedrock.reply import Plan
from infra.local.bedrock.standin import Call, StandIn
from infra.local.bedrock.streaming import build_usage


class InProcessClient:
    """Answers `converse_stream` from a stand-in's state, at once; its faults and its pace do not apply."""

    def __init__(self, stand_in: StandIn) -> None:
        self._stand_in = stand_in

    async def converse_stream(self, *, modelId: str, **fields: Any) -> dict[str, Any]:  # noqa: N803 - the API's name
        """Return the response with its stream.

        Raises:
            BedrockError: the service would refuse the request.
        """
        call, _ = self._stand_in.begin_call(modelId, stream=True)
        return {"stream": _EventStream(prepare_plan(self._stand_in, call, json.dumps(fields).encode()), call)}


class _EventStream:
    def __init__(self, plan: Plan, call: Call) -> None:
        self._plan = plan
        self._call = call

    async def __aiter__(self) -> AsyncIterator[dict[str, Any]]:
        for step in self._plan.steps:
            yield {step.event_type: step.body}
        self._call.output_tokens = self._plan.output_tokens
        self._call.stop_reason = self._plan.stop_reason
        self._call.completed = True
        yield {"metadata": {"usage": build_usage(self._call), "metrics": {"latencyMs": 0}}}

    def close(self) -> None:
        """Do nothing: there is no connection."""
