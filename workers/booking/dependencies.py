"""The dependencies of booking's use cases."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from shared.answers import QueryAnswers
from shared.clock import Clock
from shared.conversations.ports import ConversationErasure
from shared.email_links import Links
from shared.metrics import Metrics
from shared.queues import InternalCommandQueue, NoticeQueue
from shared.resume_tokens import TokenRevocations
from shared.suppressions import Suppressions
from shared.tenants.busy_calendars import CalendarProvider
from shared.tenants.ports import TenantDirectory
from workers.booking.domain.held_shares import HELD_SHARE_PERCENT
from workers.booking.domain.proof_of_work import ProofOfWork
from workers.booking.domain.quotas import HOLDS_PER_ADDRESS, SENDS_PER_HOLD_OF_ADDRESS
from workers.booking.domain.request_budget import REQUESTS_PER_MINUTE, SHARE_OF_SYNCS
from workers.booking.domain.visit_limits import VisitLimits
from workers.booking.ports import (
    AppointmentStore,
    BusyCalendar,
    Calendar,
    CalendarMemory,
    Challenges,
    Codes,
    Schedules,
    SyncTokens,
)


@dataclass(frozen=True, slots=True)
class BookingPorts:
    """The ports, and the settings that the use cases need."""

    appointments: AppointmentStore
    calendar: Calendar
    notices: NoticeQueue
    commands: InternalCommandQueue
    answers: QueryAnswers
    schedules: Schedules
    sync_tokens: SyncTokens
    tenants: TenantDirectory
    erasure: ConversationErasure
    tokens: TokenRevocations
    """Both for visitors who end their session."""
    suppressions: Suppressions
    """The addresses that get no e-mail, so that no code would reach them."""

    metrics: Metrics
    clock: Clock
    code_key: bytes
    """A secret that is shared with the notifications worker, which computes the same codes."""

    email_enabled: bool
    """Whether e-mails can be sent: without a sender no e-mail address can be verified."""

    sms_enabled: bool = False
    """Whether text messages can be sent."""

    sms_countries: frozenset[str] = frozenset()
    """Countries that text messages may be sent to, besides each business's own."""

    busy_calendars: Mapping[CalendarProvider, BusyCalendar] = field(default_factory=dict)
    """The calendars of other providers than `calendar`, which are only read."""

    codes: Codes | None = None
    """What has become of the codes; without it each counts as sent."""

    calendar_memory: CalendarMemory | None = None
    """What calendars said last; without it nothing is known while they can't be read."""

    holds_per_address: int = HOLDS_PER_ADDRESS
    """The limit of unverified holds per IP address and business."""

    held_share_percent: int = HELD_SHARE_PERCENT
    """How much of the free time of a day may be held without a confirmed contact."""

    challenges: Challenges | None = None
    """What demands a proof of work beyond these limits; None refuses at once."""

    proof_of_work: ProofOfWork = field(default_factory=ProofOfWork)
    """The limits that a proof opens."""

    calendar_check_seconds: float = 1.0
    """How long a visitor who has typed the right code waits for the calendars (docs/decisions/0034)."""

    visit_limits: VisitLimits = field(default_factory=VisitLimits)
    """How many visits one contact and one address may book, and how often a visit may be moved."""

    syncs_per_minute: int = REQUESTS_PER_MINUTE // SHARE_OF_SYNCS
    """How many calendars are read for changes in a minute; with more, each is read more seldom."""

    calendar_move_wait: timedelta = timedelta(minutes=10)
    """How long a visit that the owner moved onto another waits for that one to move, too."""

    def get_busy_calendar(self, provider: CalendarProvider) -> BusyCalendar:
        """Return the reader of a provider's calendars."""
        return self.calendar if provider is CalendarProvider.GOOGLE else self.busy_calendars[provider]

    @property
    def sends_per_address(self) -> int:
        """The limit of codes per hour for visitors at one IP address."""
        return self.holds_per_address * SENDS_PER_HOLD_OF_ADDRESS

    @property
    def sends_with_proof(self) -> int:
        """The same for those with a proof of work."""
        return self.proof_of_work.holds * SENDS_PER_HOLD_OF_ADDRESS

    @property
    def links(self) -> Links:
        """Return the reader of the links in e-mails."""
        return Links(self.code_key)
