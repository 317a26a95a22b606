"""Public holidays of countries and of their parts, by the `holidays` library."""

import re
from collections.abc import Container
from datetime import date
from functools import lru_cache

_REGION = re.compile(r"[A-Z]{2}(-.{1,40})?")
"""The library looks a name up among all that it has, helpers of its own included: nothing else may reach it."""


def is_known_region(name: str) -> bool:
    """Whether `name` is an ISO 3166 country such as `PL`, or a subdivision such as `DE-BY`, that the library knows."""
    if not _REGION.fullmatch(name):
        return False
    try:
        _holidays(name, 2026)
    except NotImplementedError:  # so the library says that it does not know a country, or a part of one
        return False
    return True


def is_public_holiday(region: str, day: date) -> bool:
    """Whether a date is a public holiday in a known region."""
    return day in _holidays(region, day.year)


@lru_cache(maxsize=256)
def _holidays(region: str, year: int) -> Container[date]:
    # Its import takes 0.2 s of a cold start: only for the businesses that ask for it.
    from holidays import country_holidays  # noqa: PLC0415

    country, _, part = region.partition("-")
    return frozenset(country_holidays(country, subdiv=part or None, years=year))
