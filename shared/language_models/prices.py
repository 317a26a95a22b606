"""The prices of a model's tokens.

An amount is an integer of nano-dollars (10^-9 US dollars). A price is one of a million tokens, because that of a single
token is not always a whole number: writing to the cache costs 137.5 nano-dollars a token with Claude Haiku 5.5.
"""

from dataclasses import dataclass
from decimal import Decimal

_MILLION = 1_000_000
NANO = 1_000_000_000


@dataclass(frozen=True, slots=True)
class TokenPrices:
    """Nano-dollars of a million tokens, by kind."""

    input: int
    output: int
    cache_read: int
    cache_write_5m: int
    cache_write_1h: int | None
    """None where the model keeps no prefix for an hour."""

    def scale(self, factor: Decimal) -> "TokenPrices":
        """Return the prices times a factor."""
        return TokenPrices(
            input=int(self.input * factor),
            output=int(self.output * factor),
            cache_read=int(self.cache_read * factor),
            cache_write_5m=int(self.cache_write_5m * factor),
            cache_write_1h=None if self.cache_write_1h is None else int(self.cache_write_1h * factor),
        )


@dataclass(frozen=True, slots=True)
class Prices:
    """What a request costs, with the higher prices of a long prompt if the model has some."""

    standard: TokenPrices
    long_prompt: TokenPrices | None = None
    long_prompt_above_tokens: int | None = None
    """The prompt's tokens, cached ones included, above which all of a request has the higher prices."""

    def select(self, prompt_tokens: int) -> TokenPrices:
        """Return the prices of a request with a prompt of that length, cached tokens included."""
        if self.long_prompt and self.long_prompt_above_tokens is not None:
            return self.long_prompt if prompt_tokens > self.long_prompt_above_tokens else self.standard
        return self.standard

    def compute_nano_dollars(
        self,
        *,
        input_tokens: int = 0,
        output_tokens: int = 0,
        cache_read_tokens: int = 0,
        cache_write_tokens: int = 0,
        cache_write_1h_tokens: int = 0,
    ) -> int:
        """Return what a request costs in nano-dollars, rounded up to a whole one.

        `input_tokens` are those that are neither read from the cache nor written to it, as Bedrock counts them; those
        that are kept for an hour are not among `cache_write_tokens`.
        """
        prices = self.select(input_tokens + cache_read_tokens + cache_write_tokens + cache_write_1h_tokens)
        hour = prices.cache_write_5m if prices.cache_write_1h is None else prices.cache_write_1h
        total = (
            input_tokens * prices.input
            + output_tokens * prices.output
            + cache_read_tokens * prices.cache_read
            + cache_write_tokens * prices.cache_write_5m
            + cache_write_1h_tokens * hour
        )
        return -(-total // _MILLION)
