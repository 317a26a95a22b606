"""The country of a business: checks its code, or finds it from the time zone."""

from functools import lru_cache
from importlib.resources import files

_ZONES_OF_NO_COUNTRY = frozenset(
    {"CET", "CST6CDT", "EET", "EST", "EST5EDT", "HST", "MET", "MST", "MST7MDT", "PST8PDT", "WET"}
)
"""Abbreviations. The database links some of them to the zone of one country, but several countries use them."""

_NEW_NAMES = {
    "Africa/Asmera": "Africa/Asmara",
    "Africa/Timbuktu": "Africa/Bamako",
    "America/Coral_Harbour": "America/Atikokan",
    "America/Virgin": "America/St_Thomas",
    "Atlantic/Jan_Mayen": "Arctic/Longyearbyen",
    "Iceland": "Atlantic/Reykjavik",
    "Pacific/Ponape": "Pacific/Pohnpei",
    "Pacific/Truk": "Pacific/Chuuk",
    "Pacific/Yap": "Pacific/Chuuk",
}
"""Old names that the database links past the zone of their own country to one of another country with the same clocks.
Its file `backward` has the zone of the own country in comments, which the distributed file lacks."""


def check_country(code: str) -> str:
    """Return the code; raise ValueError unless it is an ISO 3166-1 alpha-2 code in capitals."""
    if code not in _read_country_codes():
        raise ValueError(f"{code!r} is not a country code of two capital letters such as PL (ISO 3166-1)")
    return code


def find_country_of_zone(time_zone: str) -> str | None:
    """Return the country of an IANA zone, also by an old name of it; None for zones of no country, such as UTC."""
    if time_zone in _ZONES_OF_NO_COUNTRY:
        return None
    countries = _read_countries_by_zone()
    zone: str | None = _NEW_NAMES.get(time_zone, time_zone)
    while zone is not None and zone not in countries:
        zone = _read_links().get(zone)
    return countries[zone] if zone else None


@lru_cache(maxsize=1)
def _read_country_codes() -> frozenset[str]:
    return frozenset(code for code, *_ in _read_rows("iso3166.tab"))


@lru_cache(maxsize=1)
def _read_countries_by_zone() -> dict[str, str]:
    return {zone: code for code, _coordinates, zone, *_ in _read_rows("zone.tab")}


@lru_cache(maxsize=1)
def _read_links() -> dict[str, str]:
    """Return the zone that each other name of a zone stands for; these are lines `L <zone> <name>`."""
    rows = (line.split(" ") for line in _read_lines("tzdata.zi") if line.startswith("L "))
    return {name: zone for _, zone, name in rows}


def _read_rows(name: str) -> list[list[str]]:
    """Return the rows of a table of the time zone database (https://data.iana.org/time-zones/tz-link.html)."""
    return [line.split("\t") for line in _read_lines(name) if line and not line.startswith("#")]


def _read_lines(name: str) -> list[str]:
    return (files("tzdata") / "zoneinfo" / name).read_text(encoding="utf-8").splitlines()
