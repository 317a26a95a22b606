"""Limits holds, codes and visits per session, contact, IP address and day.

A *quota* has a number of units. A transaction that uses what the quota limits takes one unit. The unit stores the
instant at which it is free again, or is kept permanently, so there are no counters and no clean-up.
"""

import hashlib
import hmac
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from shared.mailboxes.merging import merge_spellings
from shared.network_address import find_network
from shared.tenants.profile import TenantProfile
from shared.tenants.services import Service
from workers.booking.domain.values import Appointment, Contact

CODES_PER_CONTACT_PER_HOUR = 3
"""To one contact at one business, over all its holds; `MAX_CODES_PER_HOLD` in `decisions.py` also limits each hold."""

SENDS_WINDOW = timedelta(hours=1)
HOLDS_PER_SESSION = 1
HOLDS_PER_CONTACT = 2
HOLDS_PER_ADDRESS = 5
CODES_PER_SESSION_PER_HOUR = 6
"""Enough for two people who share a browser, with three codes each. It stops a visitor from sending codes to
many strangers."""

SENDS_PER_HOLD_OF_ADDRESS = 6
"""Codes per hour and IP address, for each hold that the address may have."""


class Bound(StrEnum):
    """What a quota limits."""

    SESSION = "session"
    CONTACT = "contact"
    ADDRESS = "address"
    SENDS_CONTACT = "sends"
    SENDS_SESSION = "sends_session"
    SENDS_ADDRESS = "sends_address"
    DAY = "day"
    HELD_SHARE = "held_share"
    VISITS_CONTACT = "visits_contact"
    VISITS_ADDRESS = "visits_address"


CODE_BOUNDS = frozenset({Bound.SENDS_CONTACT, Bound.SENDS_SESSION, Bound.SENDS_ADDRESS})
"""What limits codes per hour."""

VISIT_BOUNDS = frozenset({Bound.VISITS_CONTACT, Bound.VISITS_ADDRESS})
"""What limits confirmed visits (`visit_limits.py`)."""


class NetworkShare(NamedTuple):
    """How many minutes the visitors of one network may hold together; the network is known by its digest."""

    network: str
    max_minutes: int


class HeldMinutes(NamedTuple):
    """What another holder's unit of a quota keeps."""

    minutes: int
    networks: Collection[str]
    holder: str = ""
    start: datetime | None = None
    """When the time begins that it keeps; None in rows of the release before."""


@dataclass(frozen=True, slots=True)
class Quota:
    """At most `units` holders at a time for one key."""

    bound: Bound
    key: str
    units: int
    holder: str
    """Who gets the unit; the same holder finds its own unit again."""
    until: datetime | None
    """When the unit is free again; None keeps it permanently."""
    minutes: int = 0
    """How much time the unit keeps."""
    start: datetime | None = None
    """When that time begins."""
    max_minutes: int | None = None
    """How much all units may keep together, unless there is only one; None limits only their number."""
    networks: tuple[NetworkShare, ...] = ()
    """The networks of the holder with their shares, the widest first."""
    takes_unit: bool = True
    """Whether a unit is taken; if not, there must be a free one all the same."""
    with_proof: "Quota | None" = None
    """The same quota for a holder with a proof of work, who may have one of more units; None where none helps."""

    def has_room(self, others: Sequence[HeldMinutes]) -> bool:
        """Return whether there is a unit for the holder beside those of the other holders."""
        return len(others) < self.units and not self.exceeds_share(others)

    def has_room_with_proof(self, others: Sequence[HeldMinutes]) -> bool:
        """Return whether there would be a unit if the holder had a proof of work."""
        return self.with_proof is not None and self.with_proof.has_room(others)

    def exceeds_share(self, others: Sequence[HeldMinutes]) -> bool:
        """Return whether one more unit would keep more than its share, with those of the other holders.

        The first unit never does, of all and of each network: a small business has few times, and a visitor may book.
        """
        if self.max_minutes is None:
            return False
        shares = [(self.max_minutes, [other.minutes for other in others])]
        shares += [
            (share.max_minutes, [other.minutes for other in others if share.network in other.networks])
            for share in self.networks
        ]
        return any(held and sum(held) + self.minutes > limit for limit, held in shares)

    def find_rivals(self, others: Iterable[HeldMinutes]) -> frozenset[str]:
        """Return the other holders whose units keep a part of the same time."""
        if self.start is None:
            return frozenset()
        end = self.start + timedelta(minutes=self.minutes)
        return frozenset(
            other.holder
            for other in others
            if other.start and other.start < end and self.start < other.start + timedelta(minutes=other.minutes)
        )

    def rank_unit(self, number: int) -> bytes:
        """Return the rank of a unit for the holder's widest network.

        All of a network prefer the same units, so that two of their requests at once do not both get the last of its
        share: they conflict, and one of them reads again.
        """
        network = self.networks[0].network if self.networks else ""
        return hashlib.blake2b(f"{network}/{number}".encode(), digest_size=8).digest()

    @property
    def is_lasting(self) -> bool:
        """Return whether the unit of a confirmed appointment has no end."""
        return self.bound is Bound.DAY

    @property
    def is_released_with_appointment(self) -> bool:
        """Return whether the unit is freed with the appointment; a code that was sent keeps counting."""
        return self.bound not in CODE_BOUNDS


def list_hold_quotas(
    hold: Appointment, *, secret: bytes, source_ip: str, holds_per_address: int, holds_with_proof: int = 0
) -> Iterator[Quota]:
    """Yield the quotas of unverified holds: per session, and per business by contact and by IP address.

    The keys do not reveal contacts and addresses: both are hashed with the secret.
    """
    holder, until = hold.appointment_id, hold.hold_expires_at
    yield Quota(Bound.SESSION, build_session_quota_key(hold.session_id), HOLDS_PER_SESSION, holder, until)
    contact = compute_digest(secret, f"{hold.tenant}/{hold.contact.kind}/{normalize_mailbox(hold.contact)}")
    yield Quota(Bound.CONTACT, f"contact#{contact}", HOLDS_PER_CONTACT, holder, until)
    if source_ip:
        address = compute_digest(secret, f"{hold.tenant}/{find_network(source_ip)}")
        yield _raise_with_proof(
            Quota(Bound.ADDRESS, f"address#{address}", holds_per_address, holder, until), holds_with_proof
        )


def list_send_quotas(
    hold: Appointment, *, secret: bytes, source_ip: str, sends_per_address: int, at: datetime, sends_with_proof: int = 0
) -> Iterator[Quota]:
    """Yield the quotas of codes per hour: to one contact, from one session, and from one IP address.

    They count over all businesses, and keep counting when the hold ends.
    """
    holder, until = f"{hold.appointment_id}#{hold.code_sends}", at + SENDS_WINDOW
    contact = compute_digest(secret, f"{hold.contact.kind}/{normalize_mailbox(hold.contact)}")
    yield Quota(Bound.SENDS_CONTACT, f"sends#{contact}", CODES_PER_CONTACT_PER_HOUR, holder, until)
    yield Quota(Bound.SENDS_SESSION, f"sends-session#{hold.session_id}", CODES_PER_SESSION_PER_HOUR, holder, until)
    if source_ip:
        address = compute_digest(secret, find_network(source_ip))
        yield _raise_with_proof(
            Quota(Bound.SENDS_ADDRESS, f"sends-address#{address}", sends_per_address, holder, until), sends_with_proof
        )


def _raise_with_proof(quota: Quota, units: int) -> Quota:
    """Return the quota with another limit for holders with a proof, if that is higher."""
    return replace(quota, with_proof=replace(quota, units=units)) if units > quota.units else quota


def list_day_quotas(profile: TenantProfile, service: Service, visit: Appointment) -> Iterator[Quota]:
    """Yield the daily caps of the business and of the service, on the visit's local date."""
    day = visit.start.astimezone(profile.zone).date()
    caps = ((None, profile.max_visits_per_day), (service.id, service.max_per_day))
    for service_id, limit in caps:
        if limit is not None:
            key = build_day_quota_key(visit.tenant, day, service_id)
            yield Quota(Bound.DAY, key, limit, visit.appointment_id, visit.hold_expires_at)


def list_day_quotas_of_visit(profile: TenantProfile, visit: Appointment) -> Iterator[Quota]:
    """Yield the daily caps that a visit counts towards; none for a service that was removed from the profile."""
    service = profile.find_service(visit.service_id)
    return list_day_quotas(profile, service, visit) if service else iter(())


def build_session_quota_key(session_id: str) -> str:
    """Return the key of a session's quota of one hold."""
    return f"session#{session_id}"


def build_day_quota_key(tenant: str, day: date, service_id: str | None) -> str:
    """Return the key of a daily cap, of one service or of the whole business."""
    return f"day#{tenant}#{day.isoformat()}" + (f"#{service_id}" if service_id else "")


def normalize_mailbox(contact: Contact) -> str:
    """Return the contact in the one spelling that stands for its mailbox, so that no other makes a new contact."""
    return merge_spellings(contact.address) if contact.kind == "email" else contact.address.lower()


def compute_digest(secret: bytes, text: str) -> str:
    """Return the keyed hash of a contact or an address, which can't be read from it."""
    return hmac.digest(secret, f"quota/{text}".encode(), "sha256").hex()[:32]
