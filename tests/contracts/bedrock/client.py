"""Clients for the contract tests of the Bedrock stand-in."""

from collections.abc import AsyncIterator
from contextlib import closing
from typing import Any

import aiohttp
import pytest

HAIKU = "eu.anthropic.claude-haiku-4-5-20251001-v1:0"


class StandInServer:
    """A running stand-in: its URL, an AWS client for it, and its control routes."""

    def __init__(self, url: str, client: Any, http: aiohttp.ClientSession) -> None:
        self.url = url
        self.client = client
        self.http = http

    async def control(self, method: str, path: str, body: Any = None) -> Any:
        async with self.http.request(method, f"{self.url}/_standin/{path}", json=body) as response:
            assert response.status == 200, await response.text()
            return await response.json()

    async def last_call(self) -> dict[str, Any]:
        return (await self.control("GET", "calls"))["calls"][-1]

    async def stream(self, *turns: Any, **fields: Any) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        response = await self.client.converse_stream(modelId=HAIKU, messages=messages(*turns), **fields)
        # A stream that is left early, or breaks, keeps its connection until it is closed.
        with closing(response["stream"]) as stream:
            async for event in stream:
                yield next(iter(event.items()))

    async def events(self, *turns: Any, **fields: Any) -> list[tuple[str, dict[str, Any]]]:
        return [event async for event in self.stream(*turns, **fields)]

    async def deltas_until(self, error: Any, *turns: Any) -> tuple[int, Any]:
        """Count the deltas that arrive before the stream ends with an error, and return the error too."""
        count = 0
        try:
            async for kind, _ in self.stream(*turns):
                count += kind == "contentBlockDelta"
        except error as broken:
            return count, broken
        return pytest.fail(f"the stream ended without an error after {count} deltas")


def messages(*turns: Any) -> list[dict[str, Any]]:
    """Build turns, the user's first; a string is one text block."""
    roles = ("user", "assistant")
    return [
        {"role": roles[position % 2], "content": [{"text": turn}] if isinstance(turn, str) else turn}
        for position, turn in enumerate(turns)
    ]
