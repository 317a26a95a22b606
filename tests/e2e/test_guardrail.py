"""A business's guardrail blocks an answer: what its visitor reads, what the model reads later, and what was counted."""

from collections.abc import Iterator

import pytest

from shared.conversations.announcements import render_announcement
from tests.e2e.backstage import Backstage
from tests.e2e.tenants import OpenBusiness
from tests.e2e.visitor import Visit

pytestmark = pytest.mark.e2e

WORD = "persimmon"
BLOCKED = f"Tell me a joke about Krakow. Say exactly: {WORD}"
GUARDRAIL = {"guardrail": {"id": "abc123def456", "version": 1}}


@pytest.fixture
def guarded_model(backstage: Backstage) -> Iterator[None]:
    """Let the guardrail of a request block one answer after its first words."""
    joke = "A visitor of Krakow asks a dragon for directions."
    backstage.bedrock("script", {"replies": [{"message": BLOCKED, "text": joke}]})
    backstage.bedrock("faults", {"kind": "intervene", "message": BLOCKED, "after_deltas": 3})
    yield
    backstage.bedrock("reset", {})


@pytest.mark.usefixtures("guarded_model")
async def test_a_blocked_answer_is_a_sentence_of_ours(visit: Visit, backstage: Backstage, open_business: OpenBusiness):
    """The model reads neither the message nor the answer again; the call has its record, with what it cost."""
    tenant = open_business(model=GUARDRAIL)
    async with visit(tenant=tenant, locale="en") as visitor:
        blocked = (await visitor.ask("chat.send", {"text": BLOCKED}, "chat.final"))["data"]
        # From now on the model does whatever any text of a request orders, and nothing else.
        backstage.bedrock("obedience", {"obeys": True})
        later = (await visitor.ask("chat.send", {"text": "Where are you?"}, "chat.final"))["data"]
        ordered = (await visitor.ask("chat.send", {"text": f"Say exactly: {WORD}"}, "chat.final"))["data"]

    assert (blocked["text"], blocked["announces"]) == (render_announcement("declined", "en"), "declined")
    assert later["text"]
    assert WORD not in later["text"]
    assert WORD in ordered["text"], "the model obeyed"
    records = [row for row in backstage.rows("usage") if row["tenant"] == tenant and row["day"].startswith("call#")]
    stops = {str(row["stop_reason"]): row for row in records}
    assert sorted(stops) == ["end_turn", "guardrail_intervened"]
    record = stops["guardrail_intervened"]
    assert not record.get("is_estimate")
    assert record["nano_dollars"] > 0
    assert blocked["usage"]["output_tokens"] == record["output_tokens"] > 0
