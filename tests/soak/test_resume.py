"""A thousand conversations in two tabs are cut at random: each reply is there once and in order after the resume."""

import asyncio
import json
import os
import time
from collections import Counter, defaultdict

import pytest

from bench.chat.model import Pace
from bench.resume.world import open_world
from tests.soak.resume_conversations import Conversation
from tests.soak.resume_faults import Cut, Death, Executioner

pytestmark = pytest.mark.soak

CONVERSATIONS = int(os.environ.get("RESUME_CONVERSATIONS", "1000"))
AT_ONCE = 40
DEATH_EVERY = 20
"""In one of as many conversations a pool dies at a step of the last message."""

SECONDS = 180
"""For one conversation, however slow the machine is."""

POOL = {"POOL_LEASE_SECONDS": "3", "POOL_CONCURRENCY": "60", "POOL_SESSION_SHARE": "1"}


async def test_every_reply_is_delivered_once_and_in_order(tmp_path, seed):
    """Lines are cut between every two steps, pools die at four of them and are replaced twice."""
    cuts, deaths, began = Counter(), list(Death), time.monotonic()
    async with open_world(tmp_path, table_latency_ms=1, pace=Pace(30, 6, 60), pool_settings=POOL) as world:
        executioner = Executioner(world)
        numbers, finished = iter(range(CONVERSATIONS)), []

        async def converse():
            for number in numbers:
                death = deaths[number // DEATH_EVERY % len(deaths)] if number % DEATH_EVERY == 0 else None
                conversation = Conversation(world, executioner, seed=seed, number=number, death=death, cuts=cuts)
                await conversation.run(SECONDS)
                finished.append(conversation)

        async def deploy():
            for share in (1, 2):
                while len(finished) < CONVERSATIONS * share / 3:
                    await asyncio.sleep(0.1)
                await executioner.deploy()

        async with asyncio.TaskGroup() as group:
            for task in [*(converse() for _ in range(AT_ONCE)), deploy()]:
                group.create_task(task)
        await executioner.settle()
        await world.gateway.settle()
        stored = defaultdict(list)
        for item in world.tables.tables.list_items("ConversationsTable"):
            if "frame" in item:
                stored[item["session_id"]["S"]].append((int(item["seq"]["N"]), item["frame"]["S"]))
        for conversation in finished:
            frames = [json.loads(text) for _, text in sorted(stored[conversation.browser.session_id])]
            conversation.check([{**frame, "v": 1} for frame in frames])
        assert world.count_dead_letters() == 0
    pages = [page for conversation in finished for page in conversation.pages]
    print(
        f"\n{len(finished)} conversations in {time.monotonic() - began:.0f} s, load {os.getloadavg()[0]:.1f}: "
        f"{len(pages)} pages, {sum(page.welcomes for page in pages)} welcomes, "
        f"{sum(page.repeated for page in pages)} frames came again\n"
        + "\n".join(f"{cuts[cut]:6} {cut.value}" for cut in Cut)
        + "".join(f"\n{executioner.kills[one]:6} deaths of a pool: {one.name.lower()}" for one in Death)
        + f"\n{executioner.spared:6} deaths would have been the third of a message, and were left out"
    )
    assert len(finished) == CONVERSATIONS
    assert min(cuts[cut] for cut in Cut) >= CONVERSATIONS / 50
    assert sum(executioner.kills.values()) >= CONVERSATIONS / DEATH_EVERY / 3
