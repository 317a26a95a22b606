"""Pure values and rules of notifications: what is sent, when, and what it may be written with."""

from workers.notifications.domain.feedback import FeedbackReport, MailFeedback, suppression_of
from workers.notifications.domain.gsm import gsm_text, septets, shortened
from workers.notifications.domain.links import AppointmentLinks, appointment_links
from workers.notifications.domain.messages import Attachment, Letter, TextMessage, VisitorNotice, one_line
from workers.notifications.domain.timing import MAX_SEND_WAIT, is_too_late, quiet_until, rate_limit_key
from workers.notifications.domain.visit_changes import VisitChange, confirms_visit, extract_change, is_outdated

__all__ = [
    "MAX_SEND_WAIT",
    "AppointmentLinks",
    "Attachment",
    "FeedbackReport",
    "Letter",
    "MailFeedback",
    "TextMessage",
    "VisitChange",
    "VisitorNotice",
    "appointment_links",
    "confirms_visit",
    "extract_change",
    "gsm_text",
    "is_outdated",
    "is_too_late",
    "one_line",
    "quiet_until",
    "rate_limit_key",
    "septets",
    "shortened",
    "suppression_of",
]
