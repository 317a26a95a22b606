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

pytestmark = pytest.mark.e2e


def ask(url: str) -> tuple[int, dict[str, Any]]:
    """Return the status and what the answer says."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - an address of this machine
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("check", ["livez", "readyz"])
async def test_an_idle_pool_lives_and_is_ready(stack: Stack, pool: str, check: str):
    """A poll that waits for messages is no trouble."""
    assert ask(f"{stack.health[pool]}/{check}") == (200, {"ok": True, "problems": []})


async def test_a_pool_that_stops_is_not_ready_but_lives(stack: Stack):
    """Nobody should end a process that is ending, or send it work."""
    child = stack.children["notifications"]
    address = stack.health["notifications"]
    os.kill(child.pid, signal.SIGTERM)
    seen = set()
    async with asyncio.timeout(10):
        while child.exit_code is None:
            try:
                seen.add((ask(f"{address}/livez")[0], ask(f"{address}/readyz")[0]))
            except OSError:
                break
            await asyncio.sleep(0.01)
        while child.exit_code is None:
            await asyncio.sleep(0.01)
    assert child.exit_code == 0
    assert (200, 503) in seen
    assert seen <= {(200, 200), (200, 503)}
    stack.children.stop("notifications")
    await asyncio.to_thread(stack.start_pool, "notifications")
