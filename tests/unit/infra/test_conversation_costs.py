"""What the typical conversations cost, with chat's own requests and the rules of the cache."""

from collections import Counter
from dataclasses import asdict

import pytest

from infra.cost.conversation_costs import COLD_ANSWERS, HAIKU_4_5, HAIKU_5_5, measure_cases, read_cases
from infra.cost.conversations import read_conversations
from infra.cost.simulation import simulate

pytestmark = pytest.mark.exhaustive

TARGET_USD = 0.0015
COLD_SHARE, WARM_SHARE = 0.70, 0.95


def test_the_conversations_are_of_two_businesses_in_two_languages():
    """Forty of them, ten of each; a conversation has 1 to 10 messages."""
    conversations = read_conversations()
    assert set(Counter((one.business, one.language) for one in conversations).values()) == {10}
    assert len({(one.business, one.language) for one in conversations}) == 4
    assert {len(one.exchanges) for one in conversations} <= set(range(1, 11))


def test_an_answer_costs_little_where_visitors_share_the_cache():
    """The mean of all conversations with Claude Haiku 4.5; a tenth of that with Claude Haiku 5.5."""
    haiku = simulate(HAIKU_4_5, "shared")
    assert haiku.usd_per_answer <= TARGET_USD, haiku
    assert simulate(HAIKU_5_5, "shared").usd_per_answer <= TARGET_USD / 10
    assert haiku.usd_per_answer == pytest.approx(
        read_cases()["Claude Haiku 4.5, visitors share a warm cache"].usd_per_answer, rel=0.05
    ), "run: make cost ARGS=--conversations"


def test_what_is_cached_is_read_again():
    """In tokens: in cold conversations of four answers, and where visitors share the cache from a cold start on."""
    four = [one for one in read_conversations() if len(one.exchanges) == COLD_ANSWERS]
    cold = simulate(HAIKU_4_5, "quiet", conversations=four).cache_share
    shared = simulate(HAIKU_4_5, "shared", is_warm=False).cache_share
    assert (cold >= COLD_SHARE, shared >= WARM_SHARE) == (True, True), (cold, shared)


@pytest.mark.soak
def test_the_page_has_what_is_computed_now():
    """A change of the prompt that makes a case more than five percent dearer or cheaper is seen."""
    expected, computed = read_cases(), measure_cases()
    assert list(expected) == list(computed)
    for name, case in computed.items():
        figures = {key: value for key, value in asdict(case).items() if key != "name"}
        listed = {key: value for key, value in asdict(expected[name]).items() if key != "name"}
        assert figures == pytest.approx(listed, rel=0.05), f"{name}; run: make cost ARGS=--conversations"
