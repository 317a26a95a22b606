"""Whether the pools live and are ready, as whoever may restart them asks."""

import asyncio
import json
import os
import signal
import urllib.error
import urllib.request
from typing import Any

import pytest

from infra.local.stack import POOLS, Stack
from tests.deadlines import DEADLINE_SECONDS
from tests.e2e.backstage import USUAL_PACE, Backstage
from tests.e2e.visitor import Visit

pytestmark = pytest.mark.e2e


def ask(url: str) -> tuple[int, dict[str, Any]]:
    """Return the status and what the answer says."""
    try:
        with urllib.request.urlopen(url, timeout=DEADLINE_SECONDS) as answer:  # noqa: S310 - an address of this machine
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("check", ["livez", "readyz"])
async def test_an_idle_pool_lives_and_is_ready(stack: Stack, pool: str, check: str):
    """A poll that waits for messages is no trouble."""
    assert ask(f"{stack.health[pool]}/{check}") == (200, {"ok": True, "problems": []})


async def test_a_pool_that_stops_is_not_ready_but_lives(stack: Stack, visit: Visit, backstage: Backstage):
    """Nobody should end a process that is ending, or send it work."""
    child, address = stack.children["chat"], stack.health["chat"]
    backstage.bedrock("pace", {"tokens_per_second": 0, "first_token_ms": 2000})
    try:
        async with visit() as visitor:
            await visitor.send("chat.send", {"text": "Who works here?"}, frame_id="last")
            await visitor.until("typing", re="last")
            os.kill(child.pid, signal.SIGTERM)
            await backstage.until(lambda: ask(f"{address}/readyz")[0] == 503)
            assert ask(f"{address}/livez")[0] == 200
            final = await visitor.until("chat.final", "error", re="last")
    finally:
        backstage.bedrock("pace", USUAL_PACE)
    await backstage.until(lambda: child.exit_code is not None)
    stack.children.stop("chat")
    await asyncio.to_thread(stack.start_pool, "chat")
    assert (final["type"], child.exit_code) == ("chat.final", 0)
