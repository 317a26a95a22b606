"""What the use cases of booking are given to work with."""

from dataclasses import dataclass

from shared.clock import Clock
from shared.ports import Metrics, NoticeQueue, TenantDirectory
from workers.booking.ports import AppointmentStore, Calendar


@dataclass(frozen=True, slots=True)
class Roles:
    """The ports, and the two settings that the use cases need."""

    appointments: AppointmentStore
    calendar: Calendar
    notices: NoticeQueue
    tenants: TenantDirectory
    metrics: Metrics
    clock: Clock
    code_key: bytes
    """Secret; shared with the notifications worker, which computes the same codes."""

    email_enabled: bool
    """Whether e-mails are sent at all: without a sender a contact can't be verified."""
