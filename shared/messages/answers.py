"""What the booking worker answers to the assistant's queries: no contact, no name, nothing that a visitor typed."""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from shared.messages.model import NO_INPUT_IN_ERRORS, Instant, Message

MAX_ANSWERED_TIMES = 48
MAX_ANSWERED_VISITS = 10


class FreeStart(Message):
    """When a visit can begin; with the offset of the business."""

    service: str
    start: Instant


class TimesAnswer(Message):
    """Free times in order, a selection of each day where there are more than an answer takes."""

    about: Literal["times"] = "times"
    times: Annotated[tuple[FreeStart, ...], Field(max_length=MAX_ANSWERED_TIMES)]
    has_more: bool = False


class VisitState(Message):
    """One visit of the session, as it is now."""

    state: Literal["held", "confirmed", "cancelled"]
    service: str
    start: Instant
    end: Instant
    change_until: Instant | None = None
    """Until when the visitor can cancel or move it; None if it is not confirmed, or until its start."""


class VisitsAnswer(Message):
    """The visits of the session, in their order."""

    about: Literal["visits"] = "visits"
    visits: Annotated[tuple[VisitState, ...], Field(max_length=MAX_ANSWERED_VISITS)]


QueryAnswer = TimesAnswer | VisitsAnswer
QUERY_ANSWER: TypeAdapter[QueryAnswer] = TypeAdapter(
    Annotated[QueryAnswer, Field(discriminator="about")], config=NO_INPUT_IN_ERRORS
)
