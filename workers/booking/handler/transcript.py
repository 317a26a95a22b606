"""Use case: a visitor asks for the conversation by e-mail.

It goes only to an address that a code has confirmed in the same conversation. The notice says where the conversation
ends and nothing of what it says: that is read when it is sent.
"""

from collections.abc import Sequence
from datetime import timedelta

import structlog

from shared.claims import Claim
from shared.conversations.replies import Replies, build_refusal_frame, find_refusal_code
from shared.ids import derive_id
from shared.languages.available import SHARED
from shared.masking import HIDDEN, mask_contact
from shared.messages.commands import TranscriptRequest
from shared.messages.errors import ErrorCode
from shared.messages.notices import SendTranscript, TranscriptFacts
from shared.messages.server import ChatFinal, ChatFinalData, ServerFrame
from workers.booking.dependencies import BookingPorts
from workers.booking.domain.transcript import compute_transcript_wait, list_proved_visits
from workers.booking.domain.values import AppointmentState, Contact, Refusal
from workers.booking.handler.contacts import refuse_suppressed_contact

log = structlog.get_logger()

SEARCHED_FRAMES = 440
"""As far back as the assistant reads a conversation."""


async def request_transcript(
    ports: BookingPorts, replies: Replies, command: TranscriptRequest, claim: Claim
) -> str | None:
    """Queue the notice and say so; return the error code if it is refused."""
    if not claim.is_first and (stored := await replies.recover_outcome(command.session_id, claim=claim)):
        return find_refusal_code(stored)
    tail = await replies.get_tail(command.session_id, SEARCHED_FRAMES)
    tail.demand_open()
    locale = await replies.find_locale(command.session_id, command.locale)
    wait = compute_transcript_wait(tail.frames, tail.stored_at, ports.clock.now())
    if wait is not None:
        refusal = Refusal(ErrorCode.RATE_LIMITED, retry_after=wait, about="transcript_hour")
        return await _refuse(replies, command, claim, refusal, locale)
    contact = await _find_proved_address(ports, command, tail.frames)
    if contact is None:
        refusal = Refusal(ErrorCode.INVALID_CONTACT, about="transcript_unproved")
        return await _refuse(replies, command, claim, refusal, locale)
    if suppressed := await refuse_suppressed_contact(ports, contact):
        return await _refuse(replies, command, claim, suppressed, locale)
    await ports.notices.put(
        SendTranscript(
            id=derive_id(command.id, "notice/transcript"),
            tenant=command.tenant,
            session_id=command.session_id,
            locale=locale,
            accepted_at=command.accepted_at,
            trace=command.trace,
            data=TranscriptFacts(contact=contact.address, until_seq=tail.last_seq),
        )
    )
    log.info("transcript_requested")
    # Clients read Markdown, in which asterisks are no mask.
    masked = mask_contact(contact.address).replace(HIDDEN, "…")
    text = SHARED.get_texts(locale)("announcement_transcript_sent", contact=masked)
    frame = ChatFinal(re=command.client_id, data=ChatFinalData(text=text, announces="transcript_sent"))
    await replies.store_in_steps_and_post(command.session_id, frame, claim=claim, after=tail, tenant=command.tenant)
    return None


async def _find_proved_address(
    ports: BookingPorts, command: TranscriptRequest, frames: Sequence[ServerFrame]
) -> Contact | None:
    """Return the e-mail address of the latest visit that was confirmed in the conversation with a code."""
    if not ports.email_enabled:
        return None
    for appointment_id in list_proved_visits(frames):
        visit = await ports.appointments.get(appointment_id, command.session_id)
        if visit and visit.state is not AppointmentState.HELD and visit.contact.kind == "email":
            return visit.contact
    return None


async def _refuse(replies: Replies, command: TranscriptRequest, claim: Claim, refusal: Refusal, locale: str) -> str:
    log.info("transcript_refused", code=refusal.code, about=refusal.about)
    frame = build_refusal_frame(
        refusal.code,
        re=command.client_id,
        locale=locale,
        about=refusal.about,
        retry_after_ms=round(refusal.retry_after / timedelta(milliseconds=1)) if refusal.retry_after else None,
    )
    await replies.store_and_post(command.session_id, frame, claim=claim, tenant=command.tenant)
    return refusal.code.value
