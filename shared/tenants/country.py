"""The country of a business: checks its code, or finds it from the time zone."""

from functools import lru_cache
from importlib.resources import files


def check_country(code: str) -> str:
    """Return the code; raise ValueError unless it is an ISO 3166-1 alpha-2 code in capitals."""
    if code not in _read_country_codes():
        raise ValueError(f"{code!r} is not a country code of two capital letters such as PL (ISO 3166-1)")
    return code


def find_country_of_zone(time_zone: str) -> str | None:
    """Return the country of an IANA zone; None for zones of no country, such as UTC, and for old names."""
    return _read_countries_by_zone().get(time_zone)


@lru_cache(maxsize=1)
def _read_country_codes() -> frozenset[str]:
    return frozenset(code for code, *_ in _read_rows("iso3166.tab"))


@lru_cache(maxsize=1)
def _read_countries_by_zone() -> dict[str, str]:
    return {zone: code for code, _coordinates, zone, *_ in _read_rows("zone.tab")}


def _read_rows(name: str) -> list[list[str]]:
    """Return the rows of a table of the time zone database (https://data.iana.org/time-zones/tz-link.html)."""
    lines = (files("tzdata") / "zoneinfo" / name).read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]
