"""What the use cases of booking are given to work with."""

from dataclasses import dataclass

from shared.clock import Clock
from shared.links import Links
from shared.metrics import Metrics
from shared.queues import InternalCommandQueue, NoticeQueue
from shared.tenants.ports import TenantDirectory
from workers.booking.domain.quotas import HOLDS_PER_ADDRESS, SENDS_PER_HOLD_OF_ADDRESS
from workers.booking.ports import AppointmentStore, Calendar, Schedules, SyncTokens


@dataclass(frozen=True, slots=True)
class BookingPorts:
    """The ports, and the settings that the use cases need."""

    appointments: AppointmentStore
    calendar: Calendar
    notices: NoticeQueue
    commands: InternalCommandQueue
    schedules: Schedules
    sync_tokens: SyncTokens
    tenants: TenantDirectory
    metrics: Metrics
    clock: Clock
    code_key: bytes
    """Secret; shared with the notifications worker, which computes the same codes."""

    email_enabled: bool
    """Whether e-mails are sent at all: without a sender a contact can't be verified."""

    sms_enabled: bool = False
    """Whether text messages are sent at all."""

    sms_countries: frozenset[str] = frozenset()
    """Where they may go, beside each business's own country."""

    holds_per_address: int = HOLDS_PER_ADDRESS
    """How many times may be held from one IP address, per business, before a code is typed."""

    @property
    def sends_per_address(self) -> int:
        """Return how many codes an hour may be sent for visitors at one IP address."""
        return self.holds_per_address * SENDS_PER_HOLD_OF_ADDRESS

    @property
    def links(self) -> Links:
        """Return what reads the links of letters."""
        return Links(self.code_key)
