"""Decides who has to solve a proof of work before a hold, and who has."""

import structlog

from shared.messages.commands import BookingCreate
from shared.messages.errors import ErrorCode
from workers.booking.dependencies import BookingPorts
from workers.booking.domain.values import Refusal
from workers.booking.handler.case import Case
from workers.booking.ports import QuotaFull

log = structlog.get_logger()


def has_proof(ports: BookingPorts, case: Case) -> bool:
    """Return whether the command came with a proof, which counts as of when it was accepted."""
    command = case.command
    if not isinstance(command, BookingCreate) or not command.proof or ports.challenges is None:
        return False
    is_valid = ports.challenges.is_proof(command.proof, command.id, at=case.requested_at)
    if not is_valid:
        log.info("proof_refused")
    return is_valid


def challenge_holder(ports: BookingPorts, case: Case, full: QuotaFull) -> Refusal | None:
    """Return the refusal with a challenge; None where no proof helps, or none would come."""
    if ports.challenges is None or not case.may_challenge or not full.has_room_with_proof:
        return None
    ports.metrics.count("ChallengeIssued")
    challenge = ports.challenges.issue(case.command.id, at=case.now)
    return Refusal(ErrorCode.CHALLENGE_REQUIRED, challenge=challenge)
