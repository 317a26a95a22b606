"""How many visits one contact and one address may book, and how often a visit may be moved online."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.network_address import find_network
from shared.tenants.profile import TenantLimits
from workers.booking.domain.quotas import Bound, Quota, compute_digest, normalize_mailbox
from workers.booking.domain.values import Appointment

VISITS_WINDOW = timedelta(days=30)
"""How long a confirmed visit counts, unless it is cancelled: wherever it is moved to, or a visitor could book the next
days, move these visits to the end of the horizon, and book again."""

_SETTING = re.compile(r"(?P<name>contact|address|moves)=(?P<number>\d{1,4})")


@dataclass(frozen=True, slots=True)
class VisitLimits:
    """The limits of one business, or those of the installation."""

    contact: int = 10
    """Visits that one contact confirms within `VISITS_WINDOW`."""
    address: int = 40
    """The same for one IP address."""
    moves: int = 8
    """How often visitors may move one visit."""

    def override(self, limits: TenantLimits) -> "VisitLimits":
        """Return these limits with those of a business in their place, as far as it sets some."""
        return VisitLimits(
            self.contact if limits.visits_per_contact is None else limits.visits_per_contact,
            self.address if limits.visits_per_address is None else limits.visits_per_address,
            self.moves if limits.moves_per_visit is None else limits.moves_per_visit,
        )


def parse_visit_limits(text: str) -> VisitLimits:
    """Return the limits that a text such as `contact=20,moves=5` changes; what it leaves out has its default.

    Raises:
        ValueError: it is another text.
    """
    limits = VisitLimits()
    for part in filter(None, text.split(",")):
        match = _SETTING.fullmatch(part)
        if match is None or (match["name"] != "moves" and int(match["number"]) == 0):
            raise ValueError(
                f"{part!r} is none of contact=1 to contact=9999, address=1 to address=9999, moves=0 to moves=9999"
            )
        limits = replace(limits, **{match["name"]: int(match["number"])})
    return limits


def list_visit_quotas(
    visit: Appointment, limits: VisitLimits, *, secret: bytes, source_ip: str, at: datetime, takes_unit: bool = True
) -> Iterator[Quota]:
    """Yield the quotas of the confirmed visits of a contact and of an address at one business.

    A hold only looks whether there is room (`takes_unit=False`): the unit is taken when the visit is confirmed.
    """
    holder, until = visit.appointment_id, at + VISITS_WINDOW
    contact = compute_digest(secret, f"{visit.tenant}/{visit.contact.kind}/{normalize_mailbox(visit.contact)}")
    key = f"visits-contact#{contact}"
    yield Quota(Bound.VISITS_CONTACT, key, limits.contact, holder, until, takes_unit=takes_unit)
    if source_ip:
        address = compute_digest(secret, f"{visit.tenant}/{find_network(source_ip)}")
        key = f"visits-address#{address}"
        yield Quota(Bound.VISITS_ADDRESS, key, limits.address, holder, until, takes_unit=takes_unit)
