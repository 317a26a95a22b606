"""Attempts on another business made from the routes of the desk: each with ids, queries and forms of all kinds."""

import random
import re
from dataclasses import replace

import pytest
from starlette.routing import Mount

from tests.unit.ops.web.conftest import make_failure
from tests.unit.ops.web.conversations import final, sent, store_frames

MARK = "words-of-studio-bea"
FOREIGN = {
    "tenant": ["studio-bea", "STUDIO-BEA", "studio-bea%20", "salon-ania%2F..%2Fstudio-bea", "nobody"],
    "failure_id": ["f-bea", "F-BEA", "f-bea%00", "f-bea%23"],
    "session_id": ["session-studio-bea", "session-salon-ania"],
    "run_id": ["nothing", "f-bea"],
}
FIELDS = ("id", "do", "reason", "tenant", "text", "answer_id", "press_id", "data.name", "state", "after", "day", "next")
VALUES = ("f-bea", "studio-bea", "replay", "discard", "session-studio-bea", "x", "", "any", "1", "2026-01-12")


@pytest.mark.parametrize("count", [40, pytest.param(10_000, marks=pytest.mark.soak)], ids=["short", "long"])
async def test_no_route_shows_or_changes_another_business(salon_owner, world, count):
    """Neither by a path, a query nor a form of the owner's own session; a redirect leads to the desk alone."""
    await store_frames(world, sent(MARK), final(MARK), session="session-studio-bea", tenant="studio-bea")()
    foreign = make_failure("f-bea", "studio-bea", error=MARK)
    world.ledger.rows["f-bea"] = replace(foreign, payload=foreign.payload.replace("Secret words", MARK))
    before = world.ledger.rows["f-bea"], world.conversations.list_frames("session-studio-bea")
    routes = [
        (route.path, method)
        for route in salon_owner.http.app.routes
        if not isinstance(route, Mount) and route.path not in {"/sign-out", "/sign-in"}
        for method in sorted(route.methods - {"HEAD"})
    ]
    choose = random.Random(3)
    salon_owner.get("/failures/f-ania")
    csrf = salon_owner.csrf()
    for number in range(count):
        pattern, method = routes[number % len(routes)]
        path = re.sub(r"\{(\w+)\}", lambda name: choose.choice(FOREIGN[name[1]]), pattern)
        fields = {choose.choice(FIELDS): choose.choice(VALUES) for _ in range(choose.randrange(5))}
        answer = (
            salon_owner.get(path, params=fields) if method == "GET" else salon_owner.send(path, csrf=csrf, **fields)
        )
        attempt = method, path, fields
        assert answer.status_code < 500, attempt
        assert MARK not in answer.text, attempt
        assert answer.headers.get("location", "/").startswith("/"), attempt
    assert (world.ledger.rows["f-bea"], world.conversations.list_frames("session-studio-bea")) == before
    assert all(failure.tenant == "salon-ania" for failure in world.replays.queued)
