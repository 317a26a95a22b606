"""When a cache point pays: what a prefix costs with the prompt cache, and without it.

A prefix of n tokens is sent 1 + r times within its lifetime, r being the expected reads of what the first request
wrote. With i, w and c for the prices of a token of input, cache write and cache read:

    without the cache   n (1 + r) i
    with the cache      n (w + r c)
    saving              n ((1 + r) i - w - r c)

The saving is positive from the break-even r* = (w - i) / (i - c) on, whatever n is: 0.28 reads for a prefix that is
kept for five minutes (w = 1.25 i, c = 0.1 i), 1.11 for one of an hour (w = 2 i). The break-even in tokens is the
model's minimum: below it nothing is cached, and a point changes nothing.

A prefix below the minimum m can be padded to it, or stay as it is, or be made shorter (the passages for a message
instead of all documents), which differs from request to request and is never cached:

    padded to m         m (w + r c)
    as it is            n (1 + r) i

Padding pays from the break-even n* = m (w + r c) / ((1 + r) i) on: with Claude Haiku 4.5 from 1 588 of 4 096 tokens at
three reads, from 410 where the prefix is always in the cache. A prompt that was made shorter than n* is cheaper still.
"""

from dataclasses import dataclass
from fractions import Fraction

from shared.language_models.prices import TokenPrices
from shared.language_models.values import LanguageModel

_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class PaddingDecision:
    """Whether a prefix is padded to the minimum that is cached, with what decides it."""

    pays: bool
    minimum_tokens: int
    """How long the padded prefix has to be."""
    break_even_tokens: Fraction | None
    """From this length on, padding is cheaper than to send the prefix as it is; None if nothing is cached."""


@dataclass(frozen=True, slots=True)
class CacheDecision:
    """Whether a prefix gets a cache point, with what decides it."""

    pays: bool
    minimum_tokens: int
    """The break-even in tokens."""
    break_even_reads: Fraction | None
    """More reads than these make the cache pay; None if no number of reads does."""
    saving_nano_dollars: int
    """What the cache saves in all, rounded down; negative if it costs more. 0 if nothing would be cached."""


def decide_cache_point(model: LanguageModel, *, field: str, prefix_tokens: int, expected_reads: float) -> CacheDecision:
    """Return whether a point after a prefix pays, kept for five minutes; `field` is where it would be in the request.

    `prefix_tokens` may be an upper estimate: a point after a prefix that is too short has no effect and no price.
    """
    prices = model.prices.select(prefix_tokens)
    break_even = compute_break_even(prices)
    maximum = model.cache.maximum_tokens
    is_cached = (
        model.supports_caching
        and field in model.cache.fields
        and prefix_tokens >= model.cache.minimum_tokens
        and (maximum is None or prefix_tokens <= maximum)
    )
    saving = _compute_saving(prices, prefix_tokens, Fraction(expected_reads)) if is_cached else Fraction()
    return CacheDecision(
        saving > 0, model.cache.minimum_tokens, break_even, (saving.numerator // saving.denominator) // _MILLION
    )


def decide_padding(model: LanguageModel, *, field: str, prefix_tokens: int, expected_reads: float) -> PaddingDecision:
    """Return whether to pad a prefix to the model's minimum.

    `prefix_tokens` may be a lower estimate: a longer prefix saves more.
    """
    minimum = model.cache.minimum_tokens
    at_minimum = decide_cache_point(model, field=field, prefix_tokens=minimum, expected_reads=expected_reads)
    if not at_minimum.pays:
        return PaddingDecision(pays=False, minimum_tokens=minimum, break_even_tokens=None)
    prices, reads = model.prices.select(minimum), Fraction(expected_reads)
    break_even = minimum * (prices.cache_write_5m + reads * prices.cache_read) / ((1 + reads) * prices.input)
    return PaddingDecision(break_even < prefix_tokens < minimum, minimum, break_even)


def compute_break_even(prices: TokenPrices) -> Fraction | None:
    """Return how many reads make a prefix of five minutes cost the same with the cache as without it."""
    gain = prices.input - prices.cache_read
    return Fraction(max(0, prices.cache_write_5m - prices.input), gain) if gain > 0 else None


def _compute_saving(prices: TokenPrices, tokens: int, reads: Fraction) -> Fraction:
    """Return the saving in nano-dollars, times a million."""
    return tokens * ((1 + reads) * prices.input - prices.cache_write_5m - reads * prices.cache_read)
