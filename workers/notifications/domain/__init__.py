"""Pure values and rules of notifications: what is sent, when, and what it may be written with."""

from workers.notifications.domain.changes import Change, change_in, is_outdated, says_that_it_stands
from workers.notifications.domain.feedback import FeedbackReport, MailFeedback, suppression_of
from workers.notifications.domain.gsm import gsm_text, septets, shortened
from workers.notifications.domain.links import AppointmentLinks, appointment_links
from workers.notifications.domain.messages import Attachment, Letter, TextMessage, VisitorNotice, one_line
from workers.notifications.domain.timing import LONGEST_WAIT, is_too_late, line_of, quiet_until

__all__ = [
    "LONGEST_WAIT",
    "AppointmentLinks",
    "Attachment",
    "Change",
    "FeedbackReport",
    "Letter",
    "MailFeedback",
    "TextMessage",
    "VisitorNotice",
    "appointment_links",
    "change_in",
    "gsm_text",
    "is_outdated",
    "is_too_late",
    "line_of",
    "one_line",
    "quiet_until",
    "says_that_it_stands",
    "septets",
    "shortened",
    "suppression_of",
]
