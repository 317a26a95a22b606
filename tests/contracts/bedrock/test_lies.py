"""The stand-in's lies, over its control route and its stream."""

import pytest

from infra.local.bedrock.lies import LieKind, falsify_reply
from infra.local.bedrock.reply import Reply, ToolCall

SYSTEM = [{"text": '<document name="prices.en.md">\n# Prices\n\nA haircut costs 80 zł.\n</document>'}]
QUESTION = "How much is a haircut?"


async def answer(bedrock):
    events = await bedrock.events(QUESTION, system=SYSTEM)
    return "".join(event["delta"].get("text", "") for kind, event in events if kind == "contentBlockDelta")


async def test_a_lie_falsifies_the_requested_number_of_answers(bedrock):
    """One answer has another price, the next one the right price again."""
    await bedrock.control("POST", "lies", {"kind": "wrong_price"})

    assert "90 zł" in await answer(bedrock)
    assert "80 zł" in await answer(bedrock)


async def test_a_reset_ends_the_lies(bedrock):
    """A lie without end lasts until the reset."""
    await bedrock.control("POST", "lies", {"kind": "wrong_price", "times": None})
    lies = [await answer(bedrock), await answer(bedrock)]
    await bedrock.control("POST", "reset")

    assert all("90 zł" in lie for lie in lies)
    assert "80 zł" in await answer(bedrock)


async def test_an_unknown_lie_is_refused(bedrock):
    """A misspelt kind is an error, not an honest answer."""
    async with bedrock.http.post(f"{bedrock.url}/_standin/lies", json={"kind": "wrong_prise"}) as response:
        assert response.status == 400


@pytest.mark.parametrize("language", ["pl", "en", "de"])
def test_each_kind_changes_a_reply(language):
    """No kind is without effect on a reply that it applies to."""
    with_tool = Reply("220 zł", ToolCall("offer_booking", {"service": "x"}))
    without_tool = Reply("220 zł")

    unchanged = [
        kind
        for kind in LieKind
        if falsify_reply(with_tool, kind, language) == with_tool
        and falsify_reply(without_tool, kind, language) == without_tool
    ]
    assert not unchanged
