"""Decides which e-mails contain links, and issues those links."""

from dataclasses import dataclass, field
from datetime import datetime

from shared.email_links import LinkPurpose, Links
from shared.retention import VISIT_RETENTION
from shared.tenants.profile import TenantProfile
from workers.notifications.domain.messages import VisitorNotice
from workers.notifications.domain.visit_changes import confirms_visit


@dataclass(frozen=True, slots=True)
class AppointmentLinks:
    """Addresses of the business's page that let anyone who has them change one visit: treat them as secrets."""

    cancel: str = field(repr=False)
    move: str = field(repr=False)


def is_changeable(notice: VisitorNotice, profile: TenantProfile, now: datetime) -> bool:
    """Return whether the visitor can cancel or move the visit, if it takes place."""
    return now < profile.compute_change_end(notice.data.start)


def issue_appointment_links(
    links: Links, notice: VisitorNotice, profile: TenantProfile, now: datetime
) -> AppointmentLinks | None:
    """Return the links for an e-mail about a visit that takes place and that can still be changed, or else None.

    They are issued when the e-mail is rendered, so the tokens are on no queue and in no log.
    """
    if profile.email_link_page_url is None or not is_changeable(notice, profile, now):
        return None
    if not confirms_visit(notice):
        return None

    def build_address(purpose: LinkPurpose) -> str:
        token = links.issue(
            purpose,
            tenant=notice.tenant,
            appointment_id=notice.data.appointment_id,
            session_id=notice.session_id,
            # As long as the visit is stored: it may move, and says itself until when it can change.
            expires_at=notice.data.end + VISIT_RETENTION,
        )
        # In the fragment, which browsers do not send: no server log and no request of a mail scanner contains it.
        return f"{profile.email_link_page_url}#stride-{purpose}={token}"

    return AppointmentLinks(cancel=build_address("cancel"), move=build_address("move"))
