"""The rules of spending: what a call costs, at most and in fact, what a business allows, and when it is warned."""

import hashlib
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

from shared.messages.server import Usage
from shared.network_address import find_network
from shared.spending.values import NANO_PER_DOLLAR, Cap, Caps, Spent, TokenPricing
from shared.tenants.profile import TenantLimits, TenantProfile

SETTLED_WITHIN = timedelta(minutes=15)
"""As long as a worker on Lambda can run at all: whoever reserved has settled by then, or was killed."""

WARNING_PERCENT = 80
"""From this part of a cap on the owner is warned, once for each day and month."""


def compute_cost(prices: TokenPricing, usage: Usage) -> int:
    """Return what a call cost, in nano-dollars."""
    return prices.compute_nano_dollars(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens,
    )


def compute_highest_cost(prices: TokenPricing, *, prompt_tokens: int, max_output_tokens: int) -> int:
    """Return the most that a call can cost, in nano-dollars.

    Writing all of the prompt to the cache costs more than reading it as input, for models that have a cache.
    """
    return max(
        prices.compute_nano_dollars(input_tokens=prompt_tokens, output_tokens=max_output_tokens),
        prices.compute_nano_dollars(cache_write_tokens=prompt_tokens, output_tokens=max_output_tokens),
    )


def to_nano_dollars(dollars: Decimal) -> int:
    """Return an amount of a profile, rounded to a whole nano-dollar."""
    return int((dollars * NANO_PER_DOLLAR).to_integral_value(ROUND_HALF_EVEN))


def build_caps(limits: TenantLimits) -> Caps:
    """Return the caps of a business."""
    day = to_nano_dollars(limits.daily_dollars)
    return {
        Cap.SESSION: to_nano_dollars(limits.session_dollars),
        Cap.VISITOR: day * limits.visitor_share_percent // 100,
        Cap.ADDRESS: day * limits.address_share_percent // 100,
        Cap.DAY: day,
        Cap.MONTH: to_nano_dollars(limits.monthly_dollars),
    }


def find_local_day(profile: TenantProfile, now: datetime) -> date:
    """Return the date of an instant where the business is."""
    return now.astimezone(profile.zone).date()


def derive_address_key(salt: str, source_ip: str) -> str:
    """Return what stands for a visitor's network on one day; empty if the address is unknown.

    An address is personal data. The salt is random, new for each business and day, and soon deleted: then nobody can
    find the address by trying all of them.
    """
    if not source_ip:
        return ""
    return hashlib.blake2b(find_network(source_ip).encode(), key=salt.encode(), digest_size=12).hexdigest()


def find_warnings(spent: Spent, caps: Caps) -> Iterator[Cap]:
    """Yield the caps of which so much is spent that the owner should know."""
    for cap, amount in ((Cap.DAY, spent.day), (Cap.MONTH, spent.month)):
        if cap in caps and amount * 100 >= caps[cap] * WARNING_PERCENT:
            yield cap
