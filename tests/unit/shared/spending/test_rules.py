"""The rules of spending: costs, caps, days, warnings."""

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from shared.language_models.catalogue import find_model
from shared.messages.server import Usage
from shared.spending.rules import (
    build_caps,
    compute_cost,
    compute_highest_cost,
    derive_address_key,
    find_local_day,
    find_warnings,
    to_nano_dollars,
)
from shared.spending.values import Cap, Spent
from shared.tenants.profile import TenantLimits
from tests.unit.workers.chat.conftest import build_profile

HAIKU = find_model("eu.anthropic.claude-haiku-4-5-20251001-v1:0").prices
NEXT_HAIKU = find_model("eu.anthropic.claude-haiku-5-5").prices
TOKENS = st.integers(0, 200_000)


def test_a_cost_is_its_tokens_times_their_prices():
    """One token of Claude Haiku 4.5 in the EU costs 1.10, 5.50, 0.11 and 1.375 dollars by million."""
    for usage, nano_dollars in [
        (Usage(), 0),
        (Usage(input_tokens=1), 1_100),
        (Usage(output_tokens=1), 5_500),
        (Usage(cache_read_tokens=1), 110),
        (Usage(cache_write_tokens=1), 1_375),
        (Usage(input_tokens=1_000_000, output_tokens=1_000_000), 6_600_000_000),
        (Usage(input_tokens=3, output_tokens=2, cache_read_tokens=7, cache_write_tokens=5), 3300 + 11000 + 770 + 6875),
    ]:
        assert compute_cost(HAIKU, usage) == nano_dollars


@given(TOKENS, TOKENS, TOKENS, TOKENS)
def test_a_cost_is_rounded_up_once(read, write, given, output):
    """It is the next whole nano-dollar of the exact sum, for prices below one nano-dollar a token, too."""
    prices = NEXT_HAIKU.select(given + read + write)
    exact = Fraction(
        given * prices.input + output * prices.output + read * prices.cache_read + write * prices.cache_write_5m,
        1_000_000,
    )
    usage = Usage(input_tokens=given, output_tokens=output, cache_read_tokens=read, cache_write_tokens=write)
    assert compute_cost(NEXT_HAIKU, usage) == ceil(exact)


@given(st.sampled_from([HAIKU, NEXT_HAIKU]), st.tuples(TOKENS, TOKENS, TOKENS, TOKENS, TOKENS))
def test_no_call_costs_more_than_its_highest_cost(prices, tokens):
    """However its prompt is divided between input and cache, and however much of its output is used."""
    given, read, write, output, spare = tokens
    highest = compute_highest_cost(prices, prompt_tokens=given + read + write, max_output_tokens=output + spare)
    usage = Usage(input_tokens=given, output_tokens=output, cache_read_tokens=read, cache_write_tokens=write)
    assert compute_cost(prices, usage) <= highest


def test_dollars_of_a_profile_become_whole_nano_dollars():
    """A number is what is written, not the nearest float."""
    for dollars, nano_dollars in [("2", 2 * 10**9), ("0.1", 10**8), ("0.000000001", 1), ("1000000", 10**15)]:
        assert to_nano_dollars(Decimal(dollars)) == nano_dollars
    limits = TenantLimits.model_validate({"daily_dollars": 0.1, "session_dollars": "0.3", "visitor_share_percent": 33})
    assert (limits.daily_dollars, limits.session_dollars) == (Decimal("0.1"), Decimal("0.3"))


def test_the_caps_are_those_of_the_profile_or_sensible_ones():
    """One visitor, and one address, can't use up the day of a business."""
    limits = TenantLimits.model_validate({"daily_dollars": 0.1, "visitor_share_percent": 33})
    caps = build_caps(limits)
    assert caps == {
        Cap.SESSION: 2 * 10**9,
        Cap.VISITOR: 33 * 10**6,
        Cap.ADDRESS: 50 * 10**6,
        Cap.DAY: 10**8,
        Cap.MONTH: 200 * 10**9,
    }
    defaults = build_caps(TenantLimits())
    assert defaults[Cap.VISITOR] < defaults[Cap.ADDRESS] < defaults[Cap.DAY] < defaults[Cap.MONTH]
    assert set(defaults) == set(Cap)


def test_a_day_is_that_of_the_business():
    """Half past eleven at night in UTC is the next day in Warsaw."""
    for zone, day in [("Europe/Warsaw", 13), ("UTC", 12), ("America/New_York", 12), ("Pacific/Auckland", 13)]:
        profile = build_profile(time_zone=zone)
        assert find_local_day(profile, datetime(2026, 1, 12, 23, 30, tzinfo=UTC)) == date(2026, 1, day)


def test_the_owner_is_warned_from_four_fifths_of_a_cap_on():
    """Of the day, of the month, or of both."""
    caps = {Cap.DAY: 1000, Cap.MONTH: 10_000}
    for day, month, warned in [
        (799, 7999, []),
        (800, 7999, [Cap.DAY]),
        (799, 8000, [Cap.MONTH]),
        (1000, 10_000, [Cap.DAY, Cap.MONTH]),
    ]:
        assert list(find_warnings(Spent(day, month), caps)) == warned


def test_the_key_of_an_address_says_nothing_without_its_salt():
    """The same network has one key for one salt; an IPv6 household is one network; no address is no key."""
    first = derive_address_key("salt", "192.0.2.7")
    assert first == derive_address_key("salt", "192.0.2.7")
    assert first not in {derive_address_key("salt", "192.0.2.8"), derive_address_key("other", "192.0.2.7")}
    assert derive_address_key("salt", "2001:db8::1") == derive_address_key("salt", "2001:db8::ffff")
    assert derive_address_key("salt", "") == ""
