"""Sends a conversation to its visitor. What it says is read here, so that no queue has it."""

import structlog

from shared.errors import DeploymentError, PermanentError
from shared.messages.notices import SendTranscript
from workers.notifications.dependencies import NotificationPorts
from workers.notifications.domain import MAX_TRANSCRIPT_FRAMES, build_transcript
from workers.notifications.handler.send_slots import reserve_send_slot

log = structlog.get_logger()


async def send_transcript(ports: NotificationPorts, notice: SendTranscript, *, is_first_attempt: bool) -> bool:
    """Send the conversation and return True; return False if its visitor has had it erased meanwhile.

    Raises:
        NotYetError: the notice waits for its send slot.
        PermanentError: `address_suppressed`, `line_too_long`, `mail_off`, or the provider's reason.
        DeploymentError: `transcripts_off`: the table of conversations is not among the settings.
    """
    if ports.conversations is None:
        raise DeploymentError("transcripts_off", "set CONVERSATIONS_TABLE")
    if ports.mailer is None:
        raise PermanentError("mail_off", "e-mail is off: set SES_FROM_EMAIL, then replay the notice")
    if suppression := await ports.suppressions.find(notice.data.contact, at=ports.clock.now()):
        raise PermanentError("address_suppressed", f"no e-mails are sent to this address: {suppression.reason}")
    profile = await ports.tenants.get_profile(notice.tenant)
    await reserve_send_slot(
        ports, notice, profile, subject=f"transcript/{notice.session_id}", is_first_attempt=is_first_attempt
    )
    # Read last: it may have been erased while the notice waited.
    transcript = build_transcript(
        await ports.conversations.get_tail(
            notice.session_id, MAX_TRANSCRIPT_FRAMES, before_seq=notice.data.until_seq + 1
        )
    )
    if not transcript.entries:
        log.info("transcript_erased")
        return False
    await ports.mailer.send(ports.email_templates.render_transcript(notice, transcript, profile))
    log.info("notice_sent", notice=notice.type, channel="email", entries=len(transcript.entries))
    return True
