"""The text of a refusal in the visitor's language."""

from typing import Literal

from shared.languages.available import SHARED
from shared.messages.errors import ErrorCode

About = Literal[
    "answer_invalid",
    "answer_missing",
    "begun",
    "calendar_silent",
    "calendar_silent_phone",
    "change_deadline",
    "code_unsent",
    "code_unsent_email",
    "code_unsent_phone",
    "codes_address",
    "codes_contact",
    "codes_session",
    "held_day",
    "held_day_phone",
    "holds_address",
    "holds_contact",
    "last_code",
    "late_change",
    "moves",
    "moves_phone",
    "no_code",
    "overtaken",
    "skipped",
    "suppressed",
    "time_begun",
    "too_late",
    "transcript_hour",
    "transcript_unproved",
    "visits_address",
    "visits_address_phone",
    "visits_contact",
    "visits_contact_phone",
]
"""The subject of a refusal, where its code alone would not help.

A question of the service, a visit that has begun or begins too soon to be changed, a calendar that does not answer, a
day of which much is held by others, also of a business with a telephone number, too many times held, too many codes
within an hour, no further code for a held time, a text without a code, an hour that the clocks skip, a held time that
has begun, a message that waited too long for an answer, a conversation that was sent less
than an hour ago or has no confirmed e-mail address, a request to change a visit that was replayed after another
change or hours later; a code that could not be sent, also by e-mail or to a phone where the other one is possible;
a visit that was moved, or a contact or address that has booked visits, as often as is possible online.
"""


def render_refusal(
    code: ErrorCode,
    locale: str,
    about: About | None = None,
    hours: int | None = None,
    question: str = "",
    *,
    phone: str = "",
) -> str:
    """Return the sentence for a code; it never carries details of an exception.

    `hours` is the number in the sentence, for a subject that has one (`change_deadline`); `question` is the question
    that `answer_invalid` and `answer_missing` are about, `phone` the number that a subject with `_phone` names.
    """
    t = SHARED.get_texts(locale)
    if about and hours is not None:
        return t.plural(f"refusal_about_{about}", hours)
    return t(f"refusal_about_{about}", question=question, phone=phone) if about else t(f"refusal_{code.value}")
