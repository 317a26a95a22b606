"""Pure values and rules of notifications: what is sent, when, and in which characters."""

from workers.notifications.domain.calendar_files import attach_calendar_file
from workers.notifications.domain.feedback import FeedbackReport, MailFeedback, decide_suppression
from workers.notifications.domain.gsm import count_septets, shorten_to_septets, to_gsm_text
from workers.notifications.domain.links import AppointmentLinks, is_changeable, issue_appointment_links
from workers.notifications.domain.messages import Attachment, Email, TextMessage, VisitorNotice, flatten_text
from workers.notifications.domain.text_message_cost import DAILY_DOLLARS, compute_highest_price, count_parts
from workers.notifications.domain.timing import (
    CONTACT_BURST,
    CONTACT_NOTICES_PER_MINUTE,
    MAX_CODE_DELAY,
    MAX_DAILY_WAIT,
    MAX_SEND_WAIT,
    NOTICES_PER_CONTACT,
    SendRate,
    build_contact_rate_limit_key,
    build_daily_rate,
    build_rate_limit_key,
    find_quiet_hours_end,
    is_too_late,
)
from workers.notifications.domain.transcript import (
    MAX_TRANSCRIPT_FRAMES,
    Transcript,
    TranscriptEntry,
    build_transcript,
)
from workers.notifications.domain.visit_changes import VisitChange, confirms_visit, extract_change, is_outdated

__all__ = [
    "CONTACT_BURST",
    "CONTACT_NOTICES_PER_MINUTE",
    "DAILY_DOLLARS",
    "MAX_CODE_DELAY",
    "MAX_DAILY_WAIT",
    "MAX_SEND_WAIT",
    "MAX_TRANSCRIPT_FRAMES",
    "NOTICES_PER_CONTACT",
    "AppointmentLinks",
    "Attachment",
    "Email",
    "FeedbackReport",
    "MailFeedback",
    "SendRate",
    "TextMessage",
    "Transcript",
    "TranscriptEntry",
    "VisitChange",
    "VisitorNotice",
    "attach_calendar_file",
    "build_contact_rate_limit_key",
    "build_daily_rate",
    "build_rate_limit_key",
    "build_transcript",
    "compute_highest_price",
    "confirms_visit",
    "count_parts",
    "count_septets",
    "decide_suppression",
    "extract_change",
    "find_quiet_hours_end",
    "flatten_text",
    "is_changeable",
    "is_outdated",
    "is_too_late",
    "issue_appointment_links",
    "shorten_to_septets",
    "to_gsm_text",
]
