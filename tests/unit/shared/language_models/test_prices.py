"""What a request costs."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from shared.language_models.catalogue import find_model, read_catalogue
from shared.language_models.prices import Prices, TokenPrices

HAIKU, HAIKU_5 = "eu.anthropic.claude-haiku-4-5-20251001-v1:0", "eu.anthropic.claude-haiku-5-5"
TOKENS = st.integers(min_value=0, max_value=10**7)


def test_each_kind_of_token_has_its_price():
    """In nano-dollars, rounded up once for the whole request and not for each kind."""
    cost = find_model(HAIKU).prices.compute_nano_dollars
    kinds = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens")
    assert [cost(**{kind: 1}) for kind in kinds] == [1100, 5500, 110, 1375, 2200]
    assert cost(input_tokens=300, output_tokens=200, cache_read_tokens=5500) == 2_035_000
    cheap = find_model(HAIKU_5).prices.compute_nano_dollars
    assert [cheap(cache_write_tokens=count) for count in (0, 1, 2, 3)] == [0, 138, 275, 413]


def test_a_long_prompt_makes_the_whole_request_dear():
    """Cached tokens are part of the prompt's length; output tokens are not, but have the higher price too."""
    cost = find_model(HAIKU_5).prices.compute_nano_dollars
    assert cost(input_tokens=50_000, cache_read_tokens=50_000, output_tokens=10) == 6_055_500
    assert cost(input_tokens=50_000, cache_read_tokens=50_001, output_tokens=10) == 5 * 6_055_500 + 55
    assert cost(input_tokens=1, output_tokens=200_000) == 110_000_110


def test_a_prefix_of_an_hour_costs_what_one_of_five_minutes_does_where_the_model_has_no_price():
    """Nova keeps none for an hour, and a cost is not free because its kind is not known."""
    prices = Prices(TokenPrices(1000, 2000, 100, 3_000_000, None))
    assert prices.compute_nano_dollars(cache_write_1h_tokens=2) == 6
    assert TokenPrices(10, 20, 1, 10, None).scale(Decimal("1.1")) == TokenPrices(11, 22, 1, 11, None)


@given(st.sampled_from([*read_catalogue()]), TOKENS, TOKENS, TOKENS, TOKENS)
def test_a_cost_is_a_whole_number_that_grows_with_the_tokens(model_id, fresh, output, read, write):
    """Whatever the counts are: never below the exact price, and less than one nano-dollar above it."""
    prices = find_model(model_id).prices
    used = {"input_tokens": fresh, "output_tokens": output, "cache_read_tokens": read, "cache_write_tokens": write}
    cost = prices.compute_nano_dollars(**used)
    chosen = prices.select(fresh + read + write)
    exact = fresh * chosen.input + output * chosen.output + read * chosen.cache_read + write * chosen.cache_write_5m
    assert 0 <= cost * 10**6 - exact < 10**6
    assert prices.compute_nano_dollars(**{**used, "output_tokens": output + 1}) > cost
