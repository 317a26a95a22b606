"""Bounds what one visitor, one contact, one address or one day may take.

A *quota* has so many seats; whoever wants what it bounds takes one, in the same transaction. A seat is free
again at an instant that stands in it, or is kept for good: nothing has to count, and nothing has to clean up.
"""

import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from ipaddress import IPv6Address, ip_address, ip_network

from shared.tenants.profile import TenantProfile
from shared.tenants.services import Service
from workers.booking.domain.values import Appointment, Contact

SENDS_PER_CONTACT = 3
SENDS_WINDOW = timedelta(hours=1)
HOLDS_PER_SESSION = 1
HOLDS_PER_CONTACT = 2
HOLDS_PER_ADDRESS = 5
SENDS_PER_SESSION = 6
"""An hour: as many as two people with three codes each, who share a browser. Nobody may have strangers written to."""

SENDS_PER_HOLD_OF_ADDRESS = 6
"""An address that may hold so many times may have so many times as many codes sent within an hour."""

_VISITORS_NETWORK = 64
"""Prefix of the IPv6 network that one household or one telephone has to itself (RFC 6177)."""


_DOTLESS = frozenset({"gmail.com", "googlemail.com"})
"""One mailbox whatever dots stand in its name (https://support.google.com/mail/answer/7436150)."""


class Bound(StrEnum):
    """What a quota bounds."""

    SESSION = "session"
    CONTACT = "contact"
    ADDRESS = "address"
    SENDS = "sends"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Quota:
    """At most `seats` takers at a time of what the key names."""

    bound: Bound
    key: str
    units: int
    holder: str
    """Who takes the seat; the same taker finds its own seat again."""
    until: datetime | None
    """When the seat is free again by itself; None keeps it for good."""

    @property
    def is_lasting(self) -> bool:
        """Whether a confirmed appointment keeps its seat."""
        return self.bound is Bound.DAY

    @property
    def is_released_with_appointment(self) -> bool:
        """Whether the seat is given back with the appointment; a code that was sent stays sent."""
        return self.bound is not Bound.SENDS


def hold_quotas(hold: Appointment, *, secret: bytes, source_ip: str, holds_per_address: int) -> Iterator[Quota]:
    """Yield what bounds holds that nobody verifies: per session, and per business by contact and by IP address.

    Neither contact nor address can be read from a key: both are hashed with the secret.
    """
    holder, until = hold.appointment_id, hold.hold_expires_at
    yield Quota(Bound.SESSION, session_key(hold.session_id), HOLDS_PER_SESSION, holder, until)
    contact = _digest(secret, f"{hold.tenant}/{hold.contact.kind}/{same_mailbox(hold.contact)}")
    yield Quota(Bound.CONTACT, f"contact#{contact}", HOLDS_PER_CONTACT, holder, until)
    if source_ip:
        address = _digest(secret, f"{hold.tenant}/{_network(source_ip)}")
        yield Quota(Bound.ADDRESS, f"address#{address}", holds_per_address, holder, until)


def send_quotas(
    hold: Appointment, *, secret: bytes, source_ip: str, sends_per_address: int, at: datetime
) -> Iterator[Quota]:
    """Yield what bounds the codes: an hour's worth to one contact, from one session, and from one IP address.

    Whichever business they are for, and whatever becomes of the hold: a code that was sent stays sent.
    """
    holder, until = f"{hold.appointment_id}#{hold.code_sends}", at + SENDS_WINDOW
    contact = _digest(secret, f"{hold.contact.kind}/{same_mailbox(hold.contact)}")
    yield Quota(Bound.SENDS, f"sends#{contact}", SENDS_PER_CONTACT, holder, until)
    yield Quota(Bound.SENDS, f"sends-session#{hold.session_id}", SENDS_PER_SESSION, holder, until)
    if source_ip:
        address = _digest(secret, _network(source_ip))
        yield Quota(Bound.SENDS, f"sends-address#{address}", sends_per_address, holder, until)


def day_quotas(profile: TenantProfile, service: Service, visit: Appointment) -> Iterator[Quota]:
    """Yield the daily caps of the business and of the service, on the visit's local date."""
    day = visit.start.astimezone(profile.zone).date()
    caps = ((None, profile.max_visits_per_day), (service.id, service.max_per_day))
    for service_id, units in caps:
        if units is not None:
            key = day_key(visit.tenant, day, service_id)
            yield Quota(Bound.DAY, key, units, visit.appointment_id, visit.hold_expires_at)


def day_quotas_of(profile: TenantProfile, visit: Appointment) -> Iterator[Quota]:
    """Yield the daily caps that a visit counts under; none for a service that is gone from the profile."""
    service = profile.service(visit.service_id)
    return day_quotas(profile, service, visit) if service else iter(())


def session_key(session_id: str) -> str:
    """Return the key of the one hold that a session may have."""
    return f"session#{session_id}"


def day_key(tenant: str, day: date, service_id: str | None) -> str:
    """Return the key of a day's cap: of one service, or of the whole business."""
    return f"day#{tenant}#{day.isoformat()}" + (f"#{service_id}" if service_id else "")


def same_mailbox(contact: Contact) -> str:
    """Return the contact as most mail servers compare it, so that capital letters make no new person.

    Sub-addresses (`jan+1@`) count as one person too: most who use them have one mailbox.
    """
    address = contact.address.lower()
    if contact.kind != "email":
        return address
    local, _, domain = address.rpartition("@")
    mailbox = local.partition("+")[0] or local
    if domain in _DOTLESS:
        return f"{mailbox.replace('.', '')}@gmail.com"
    return f"{mailbox}@{domain}"


def _network(source_ip: str) -> str:
    try:
        address = ip_address(source_ip)
    except ValueError:
        return source_ip
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ip_network((int(address), _VISITORS_NETWORK), strict=False))


def _digest(secret: bytes, text: str) -> str:
    return hmac.digest(secret, f"quota/{text}".encode(), "sha256").hex()[:32]
