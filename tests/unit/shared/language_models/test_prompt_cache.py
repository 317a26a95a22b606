"""When a cache point pays."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.language_models.catalogue import find_model, read_catalogue
from shared.language_models.prices import TokenPrices
from shared.language_models.prompt_cache import compute_break_even, decide_cache_point, decide_padding

HAIKU, HAIKU_5 = "eu.anthropic.claude-haiku-4-5-20251001-v1:0", "eu.anthropic.claude-haiku-5-5"
NOVA = "eu.amazon.nova-micro-v1:0"


@pytest.mark.parametrize(
    ("model_id", "field", "tokens", "reads", "pays"),
    [
        (HAIKU, "system", 4096, 3, True),
        (HAIKU, "system", 4095, 3, False),
        (HAIKU, "system", 4096, 0, False),
        (HAIKU, "system", 4096, 0.27, False),
        (HAIKU, "system", 4096, 0.28, True),
        (HAIKU, "tools", 4096, 3, True),
        (HAIKU_5, "system", 511, 3, False),
        (HAIKU_5, "system", 512, 3, True),
        (NOVA, "system", 1024, 3, True),
        (NOVA, "tools", 1024, 3, False),
        (NOVA, "system", 20_001, 3, False),
        # Nova writes to its cache at the price of input: each read is a gain.
        (NOVA, "system", 1024, 0, False),
        (NOVA, "system", 1024, 0.01, True),
        ("eu.example.unknown-v1:0", "system", 50_000, 100, False),
    ],
)  # fmt: skip
def test_a_point_is_set_where_the_prefix_is_cached_and_read_often_enough(model_id, field, tokens, reads, pays):
    """The minimum is the model's, and the break-even in reads follows from its prices."""
    decision = decide_cache_point(find_model(model_id), field=field, prefix_tokens=tokens, expected_reads=reads)
    assert decision.pays is pays


def test_the_break_even_is_computed_from_the_prices():
    """A quarter of the input's price for the write, nine tenths of it saved by each read."""
    decision = decide_cache_point(find_model(HAIKU), field="system", prefix_tokens=5500, expected_reads=3)
    assert (decision.minimum_tokens, decision.break_even_reads) == (4096, Fraction(5, 18))
    # Four requests cost 24.2 million nano-dollars without the cache, 9.3775 with it.
    assert decision.saving_nano_dollars == 14_822_500


def test_a_cache_that_is_never_cheaper_has_no_break_even():
    """Reads that cost what input costs save nothing, however many there are."""
    assert compute_break_even(TokenPrices(100, 500, 100, 125, None)) is None


@given(st.sampled_from([*read_catalogue()]), st.integers(0, 300_000), st.floats(0, 50))
def test_a_point_pays_exactly_if_the_requests_cost_less_with_it(model_id, tokens, reads):
    """The decision agrees with the bills of a prefix that is cached and of one that is not."""
    model = find_model(model_id)
    decision = decide_cache_point(model, field="system", prefix_tokens=tokens, expected_reads=reads)
    prices, times = model.prices.select(tokens), Fraction(reads)
    without, with_cache = (
        tokens * (1 + times) * prices.input,
        tokens * (prices.cache_write_5m + times * prices.cache_read),
    )
    limits = range(model.cache.minimum_tokens, (model.cache.maximum_tokens or 10**9) + 1)
    assert decision.pays is (tokens in limits and with_cache < without)


@pytest.mark.parametrize(
    ("model_id", "tokens", "reads", "pays"),
    [
        (HAIKU, 1587, 3, False),
        (HAIKU, 1588, 3, True),
        (HAIKU, 4095, 3, True),
        (HAIKU, 4096, 3, False),
        (HAIKU, 3000, 0.71, False),
        (HAIKU, 3700, 0.5, True),
        (HAIKU, 411, 10_000, True),
        (HAIKU, 409, 10_000, False),
        (HAIKU, 4000, 0, False),
        (HAIKU_5, 400, 3, True),
        (HAIKU_5, 600, 3, False),
        ("eu.example.unknown-v1:0", 1, 100, False),
    ],
)
def test_a_short_prefix_is_padded_from_the_break_even_on(model_id, tokens, reads, pays):
    """A prefix that is almost long enough, and read again, is cheaper when it is longer."""
    decision = decide_padding(find_model(model_id), field="system", prefix_tokens=tokens, expected_reads=reads)
    assert decision.pays is pays


@given(st.sampled_from([*read_catalogue()]), st.integers(1, 5_000), st.floats(0, 50))
def test_padding_pays_exactly_if_the_requests_cost_less_with_it(model_id, tokens, reads):
    """The decision agrees with the bills of the padded prefix, which is cached, and of the short one, which is not."""
    model = find_model(model_id)
    decision = decide_padding(model, field="system", prefix_tokens=tokens, expected_reads=reads)
    prices, times, minimum = model.prices.select(tokens), Fraction(reads), model.cache.minimum_tokens
    padded, plain = minimum * (prices.cache_write_5m + times * prices.cache_read), tokens * (1 + times) * prices.input
    is_worth_caching = minimum * (1 + times) * prices.input > padded
    assert decision.pays is (tokens < minimum and padded < plain and is_worth_caching)
