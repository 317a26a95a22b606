"""Attaches the calendar file of a notice to its e-mail."""

import re

from workers.notifications.domain.messages import Attachment

_METHOD = re.compile(r"^METHOD:(PUBLISH|REQUEST|CANCEL)\r?$", re.MULTILINE)


def attach_calendar_file(ics: str) -> Attachment:
    """Return the attachment; its method is that of the file, as RFC 6047, section 2.4, requires.

    A queued notice of an earlier release has another method than one of this release.
    """
    header, _, _ = ics.partition("BEGIN:VEVENT")
    found = _METHOD.search(header)
    return Attachment("appointment.ics", "text/calendar", ics, method=found[1] if found else None)
