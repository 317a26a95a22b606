"""Pure values and rules of notifications: what is sent, whether it still helps, and what it may be written with."""

from workers.notifications.domain.gsm import gsm_text, septets, shortened
from workers.notifications.domain.links import AppointmentLinks, appointment_links
from workers.notifications.domain.messages import Attachment, Letter, TextMessage, VisitorNotice, one_line
from workers.notifications.domain.staleness import is_stale

__all__ = [
    "AppointmentLinks",
    "Attachment",
    "Letter",
    "TextMessage",
    "VisitorNotice",
    "appointment_links",
    "gsm_text",
    "is_stale",
    "one_line",
    "septets",
    "shortened",
]
