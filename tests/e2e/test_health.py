"""The liveness and readiness probes of the pools."""

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
from tests.e2e.backstage import DEFAULT_PACE, Backstage
from tests.e2e.visitor import Visit

pytestmark = pytest.mark.e2e


def ask(url: str) -> tuple[int, dict[str, Any]]:
    """Return the status and the body of the response."""
    try:
        with urllib.request.urlopen(url, timeout=DEADLINE_SECONDS) as answer:  # noqa: S310 - an address of this machine
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("check", ["livez", "readyz"])
async def test_an_idle_pool_is_live_and_ready(stack: Stack, pool: str, check: str):
    """A poll that waits for messages is no problem."""
    assert ask(f"{stack.health[pool]}/{check}") == (200, {"ok": True, "problems": []})


async def test_a_stopping_pool_is_live_but_not_ready(stack: Stack, visit: Visit, backstage: Backstage):
    """It must be neither restarted nor given new messages."""
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
        backstage.bedrock("pace", DEFAULT_PACE)
    await backstage.until(lambda: child.exit_code is not None)
    stack.children.stop("chat")
    await asyncio.to_thread(stack.start_pool, "chat")
    assert (final["type"], child.exit_code) == ("chat.final", 0)
