"""Derives what a visitor hears about a code that could not be sent."""

from collections.abc import Sequence

from shared.conversations.replies import build_refusal_frame
from shared.dead_letter_reasons import REFUSED_CONTACT
from shared.messages.errors import ErrorCode
from shared.messages.notices import SendCode
from shared.messages.server import (
    BookingCancelled,
    BookingConfirmed,
    BookingPending,
    BookingRescheduled,
    Error,
    ServerFrame,
)
from shared.refusal_texts import About

BookingFrame = BookingPending | BookingConfirmed | BookingRescheduled | BookingCancelled


def find_latest_booking_frame(frames: Sequence[ServerFrame], appointment_id: str) -> BookingFrame | None:
    """Return the last frame that says how the appointment stands; None if there is none."""
    return next(
        (
            frame
            for frame in reversed(frames)
            if isinstance(frame, BookingFrame) and frame.data.appointment_id == appointment_id
        ),
        None,
    )


def is_superseded(notice: SendCode, latest: BookingPending) -> bool:
    """Return whether a later code was requested: then the visitor waits for that one, and no other is valid."""
    # The release before left the number out.
    return latest.data.send_number is not None and latest.data.send_number > notice.send_number


def build_unsent_code_frame(notice: SendCode, reason: str, locale: str) -> Error:
    """Return the error about a code that failed for a reason; it names what a code can be sent to instead.

    It answers no frame: the one that asked for the code has its outcome.
    """
    return build_refusal_frame(
        ErrorCode.INVALID_CONTACT if reason in REFUSED_CONTACT else ErrorCode.INTERNAL,
        re=None,
        locale=locale,
        appointment_id=notice.data.appointment_id,
        about=_choose_text(notice),
        other_contact_kinds=notice.other_contact_kinds,
    )


def _choose_text(notice: SendCode) -> About:
    if not notice.other_contact_kinds:
        return "code_unsent"
    return "code_unsent_phone" if notice.data.contact_kind == "phone" else "code_unsent_email"
