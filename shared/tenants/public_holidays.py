"""Public holidays of countries and of their subdivisions, from the `holidays` library."""

import re
from collections.abc import Container
from datetime import date
from functools import lru_cache

_REGION = re.compile(r"[A-Z]{2}(-.{1,40})?")
"""The library looks a name up in its own module, helpers included, so no other text may reach it."""


def is_known_region(name: str) -> bool:
    """Return whether `name` is an ISO 3166 country such as `PL`, or a part such as `DE-BY`, that the library knows."""
    if not _REGION.fullmatch(name):
        return False
    try:
        _list_holidays(name, 2026)
    except NotImplementedError:  # raised for an unknown country or subdivision
        return False
    return True


def is_public_holiday(region: str, day: date) -> bool:
    """Return whether a date is a public holiday in a known region."""
    return day in _list_holidays(region, day.year)


@lru_cache(maxsize=256)
def _list_holidays(region: str, year: int) -> Container[date]:
    # Its import takes 0.2 s of a cold start, so it is imported only for businesses that need it.
    from holidays import country_holidays  # noqa: PLC0415

    country, _, part = region.partition("-")
    return frozenset(country_holidays(country, subdiv=part or None, years=year))
