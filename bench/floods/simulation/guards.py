"""The guards, and how each is switched off: by a setting where there is one, or by building the system without it."""

from collections.abc import Collection
from enum import StrEnum

from shared.consumer.shares import ShareLimits
from shared.tenants.rate_limits import DEFAULTS, MAX_RATE

_FRAMES = ("frames", "chats", "queries", "commands", "stops")


class Guard(StrEnum):
    """What keeps a flood from the others."""

    SESSION_LIMITS = "edge limits of a session"
    ADDRESS_BUDGET = "edge budget of an address"
    TENANT_BUDGET = "edge budget of a business"
    CONNECT_LIMITS = "limits of connections"
    HELLO_LIMITS = "limits of hellos"
    TENANT_SHARE = "share of a business in a pool"
    ADDRESS_SHARE = "share of an address in a pool"
    SESSION_SHARE = "share of a session in a pool"
    LATE_QUERIES = "`TIMEOUT` for late questions"
    GONE_DROP = "questions of closed connections dropped"
    CODES_QUEUE = "queue of codes"
    CONTACT_RATE = "rate of notices of a contact"
    HELD_SHARE = "share of held time"
    CHALLENGE = "proof of work"
    GOOGLE_BUDGET = "budget of requests to Google"
    EVENT_SHARE = "share of a business's events in that budget"


NONE: frozenset[Guard] = frozenset()

_SETTINGS: dict[Guard, tuple[tuple[str, ...], tuple[str, ...]]] = {
    Guard.SESSION_LIMITS: (("session",), _FRAMES),
    Guard.ADDRESS_BUDGET: (("address",), _FRAMES),
    Guard.TENANT_BUDGET: (("business",), _FRAMES),
    Guard.CONNECT_LIMITS: (("session", "address", "business"), ("connects", "connections")),
    Guard.HELLO_LIMITS: (("session", "address", "business"), ("hellos",)),
}
"""The scopes and kinds of rate limits that belong to a guard."""


def build_rate_limits(off: Collection[Guard], base: str) -> str:
    """Return the setting `RateLimits` in which these guards limit nothing."""
    lifted = [
        f"{scope}.{kind}={MAX_RATE}"
        for guard in off
        if guard in _SETTINGS
        for scope in _SETTINGS[guard][0]
        for kind in _SETTINGS[guard][1]
        if f"{scope}.{kind}" in DEFAULTS
    ]
    return ",".join([base, *lifted] if base else lifted)


def build_share_limits(off: Collection[Guard]) -> ShareLimits:
    """Return the shares in a pool, each 1 where its guard is off."""
    usual = ShareLimits()
    return ShareLimits(
        tenant=1 if Guard.TENANT_SHARE in off else usual.tenant,
        address=1 if Guard.ADDRESS_SHARE in off else usual.address,
        session=1 if Guard.SESSION_SHARE in off else usual.session,
    )
