"""The case that a use case decides: a visitor's command, with everything that is loaded once for it."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from shared.claims import Claim
from shared.messages.client import CHALLENGE_CAPABILITY
from shared.messages.commands import (
    BookingCancel,
    BookingCreate,
    BookingLookup,
    BookingReschedule,
    BookingResend,
    BookingSlots,
    BookingVerify,
)
from shared.tenants.profile import TenantProfile
from workers.booking.dependencies import BookingPorts
from workers.booking.domain.quotas import Quota
from workers.booking.domain.replay import is_too_late
from workers.booking.domain.values import Appointment, LastChange
from workers.booking.domain.visit_limits import list_visit_quotas
from workers.booking.ports import ConfirmedAt

Replayable = BookingCreate | BookingVerify | BookingResend | BookingCancel | BookingReschedule
VisitorCommand = Replayable | BookingSlots | BookingLookup


@dataclass(frozen=True, slots=True)
class Case:
    """A visitor's command and its circumstances, the same for all steps of the use case."""

    command: VisitorCommand
    claim: Claim
    profile: TenantProfile
    locale: str
    """The visitor's current language."""
    now: datetime
    """When this worker began; `command.accepted_at` is the instant as of which the command is judged."""
    requested_at: datetime
    """When the ingress accepted the command, also that of a replay."""
    is_too_late: bool = False
    """Whether the command is a replay that would surprise its visitor."""
    may_challenge: bool = False
    """Whether the visitor's client would solve a challenge and send the command again."""

    @property
    def confirmed_at(self) -> ConfirmedAt:
        """Return when a visit is confirmed that this command confirms."""
        return ConfirmedAt(self.now, self.now.astimezone(self.profile.zone).date())

    def list_visit_quotas(self, ports: BookingPorts, visit: Appointment) -> tuple[Quota, ...]:
        """Return what limits the visits that the visitor confirms."""
        return tuple(
            list_visit_quotas(
                visit,
                ports.visit_limits.override(self.profile.limits),
                secret=ports.code_key,
                source_ip=self.command.source_ip,
                at=self.now,
            )
        )

    def sign(self, changed: Appointment) -> Appointment:
        """Return the appointment with this command as the one that changed it."""
        return replace(changed, last_change=LastChange(self.command.id, at=self.requested_at))

    def has_moved(self, appointment: Appointment) -> bool:
        """Return whether the command has moved a visit; the move of a hold with a verified contact confirms it."""
        return isinstance(self.command, BookingReschedule) and not appointment.verified


def build_case(
    command: VisitorCommand,
    claim: Claim,
    profile: TenantProfile,
    *,
    locale: str,
    now: datetime,
    capabilities: Collection[str] = (),
) -> Case:
    """Return the case; a replayed request for a time or for a code is judged as of now.

    The visitor gets the code now. So the hold starts now, a time that has just passed is not booked, and no code is
    sent for a hold that has expired since.
    """
    requested_at = command.accepted_at
    too_late = is_too_late(command.accepted_at, replay=command.replay, now=now)
    if command.replay and isinstance(command, BookingCreate | BookingReschedule | BookingResend):
        command = command.model_copy(update={"accepted_at": now})
    return Case(command, claim, profile, locale, now, requested_at, too_late, _may_challenge(command, capabilities))


def _may_challenge(command: VisitorCommand, capabilities: Collection[str]) -> bool:
    """Return whether a proof would come back: each command is challenged once, and a replay has nobody who waits."""
    return (
        isinstance(command, BookingCreate)
        and command.takes_proof
        and not command.proof
        and not command.replay
        and CHALLENGE_CAPABILITY in capabilities
    )
