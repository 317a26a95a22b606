"""Decides which letters carry links, and where those lead."""

from dataclasses import dataclass, field
from datetime import datetime

from shared.links import LinkPurpose, Links
from shared.tenants.profile import TenantProfile
from workers.notifications.domain.messages import VisitorNotice
from workers.notifications.domain.visit_changes import confirms_visit


@dataclass(frozen=True, slots=True)
class AppointmentLinks:
    """Addresses of the business's page that let their bearer change one visit. They are as good as a key."""

    cancel: str = field(repr=False)
    move: str = field(repr=False)


def issue_appointment_links(
    links: Links, notice: VisitorNotice, profile: TenantProfile, now: datetime
) -> AppointmentLinks | None:
    """Return the links of a letter about a visit that stands and has not begun; None where none are of use.

    They are made where the letter is: the tokens are on no queue and in no log.
    """
    if profile.page is None or now >= notice.data.start:
        return None
    if not confirms_visit(notice):
        return None

    def address(purpose: LinkPurpose) -> str:
        token = links.issue(
            purpose,
            tenant=notice.tenant,
            appointment_id=notice.data.appointment_id,
            session_id=notice.session_id,
            expires_at=notice.data.start,
        )
        # In the fragment, which browsers keep to themselves: neither a server's log nor a mail scanner's call has it.
        return f"{profile.page}#stride-{purpose}={token}"

    return AppointmentLinks(cancel=address("cancel"), move=address("move"))
