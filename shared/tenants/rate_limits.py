"""Names, defaults and notation of the rate limits: how much a session, an address and a business may send a minute.

Ingress and authorizer read them with the standard library alone. In a profile they are fields
(`shared/tenants/rate_overrides.py`); `docs/operations.md` says how each default was chosen.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Literal

Scope = Literal["session", "address", "business"]
RateKind = Literal["connects", "frames", "chats", "queries", "commands", "hellos", "stops"]

CONNECTIONS = "connections"
"""Not a rate: how many connections may be open at a time."""

DEFAULTS: Mapping[str, int] = {
    "session.connects": 20,
    "session.frames": 120,
    "session.chats": 20,
    "session.queries": 60,
    "session.commands": 20,
    "session.hellos": 15,
    "session.stops": 20,
    "session.connections": 20,
    "address.connects": 300,
    "address.frames": 1_500,
    "address.chats": 120,
    "address.queries": 720,
    "address.commands": 120,
    "address.hellos": 300,
    "address.stops": 120,
    "address.connections": 500,
    "business.connects": 3_000,
    "business.frames": 12_000,
    "business.chats": 600,
    "business.queries": 1_800,
    "business.commands": 600,
    "business.hellos": 3_000,
    "business.stops": 600,
}
"""Per minute; connections at a time."""

MAX_RATE = 999_999

_SETTING = re.compile(r"([a-z]+)(?:\.([a-z]+))?=([1-9][0-9]{0,5})")


class RateLimits:
    """The limits that are in force, by scope and kind."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, int] = DEFAULTS) -> None:
        self._values = values

    def get(self, scope: Scope, kind: str) -> int:
        """Return a limit."""
        return self._values[f"{scope}.{kind}"]

    def override(self, text: str) -> "RateLimits":
        """Return these limits with others in their place, written as in `parse_rate_limits`."""
        return RateLimits({**self._values, **parse_rate_limits(text)}) if text else self


@lru_cache(maxsize=256)
def parse_rate_limits(text: str) -> Mapping[str, int]:
    """Return the limits that a text names, such as `session.chats=30,address=5000`.

    A scope without a kind is all kinds of it; what is written later counts.

    Raises:
        ValueError: a name is unknown, or a number is not from 1 to 999 999.
    """
    limits: dict[str, int] = {}
    for part in filter(None, (each.strip() for each in text.split(","))):
        match = _SETTING.fullmatch(part)
        names = _find_names(match[1], match[2]) if match else []
        if match is None or not names:
            raise ValueError(f"{part!r} is no rate limit such as session.chats=30")
        limits |= dict.fromkeys(names, int(match[3]))
    return limits


def format_rate_limits(limits: Iterable[tuple[str, int]]) -> str:
    """Return limits as `parse_rate_limits` reads them."""
    return ",".join(f"{name}={limit}" for name, limit in limits)


def _find_names(scope: str, kind: str | None) -> list[str]:
    return [name for name in DEFAULTS if name == f"{scope}.{kind}" or (kind is None and name.startswith(f"{scope}."))]
