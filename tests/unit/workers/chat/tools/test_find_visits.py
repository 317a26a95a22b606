"""The visitor's own visits for the assistant."""

from datetime import UTC, datetime

from shared.errors import PermanentError
from shared.messages.answers import TimesAnswer, VisitsAnswer, VisitState
from shared.messages.commands import VisitsQuery
from tests.fakes.booking_queries import FakeBookingQueries
from tests.fakes.turned_loop import run_turned
from workers.chat.ports import ToolCall
from workers.chat.tools import find_visits
from workers.chat.wiring import list_tools

TEN, ELEVEN = datetime(2026, 1, 13, 9, tzinfo=UTC), datetime(2026, 1, 13, 10, tzinfo=UTC)
MIDNIGHT = datetime(2026, 1, 12, tzinfo=UTC)
VISIT = VisitState(state="confirmed", service="massage", start=TEN, end=ELEVEN, change_until=MIDNIGHT)


def run_tool(answer, context, content=None):
    booking = FakeBookingQueries(answer)
    result = run_turned(find_visits.build(context.profile, booking=booking).run(content or {}, context))
    return result, booking


def test_a_visit_is_described_on_the_clock_of_the_business(context_of):
    """With its state, and until when it can be changed."""
    result, _ = run_tool(VisitsAnswer(visits=(VISIT,)), context_of())
    assert result.content == {
        "visits": [
            {
                "service": "massage",
                "state": "confirmed",
                "date": "2026-01-13",
                "weekday": "Tuesday",
                "time": "10:00",
                "can_be_changed_until": "2026-01-12 01:00",
            }
        ]
    }
    assert result.action is None


def test_the_input_changes_nothing(context_of):
    """No visitor or model can name another session."""
    for content in ({}, {"session_id": "another"}, {"appointment_id": ["x"]}):
        _, booking = run_tool(VisitsAnswer(visits=()), context_of(), content)
        assert booking.asked == [VisitsQuery()], content


def test_without_an_answer_the_visits_are_unknown(context_of):
    """Nothing is said about visits that nobody has looked up."""
    for answer in (None, TimesAnswer(times=())):
        result, _ = run_tool(answer, context_of())
        assert (result.content, result.is_error) == ({"error": "not_known_now"}, True)


async def test_a_failing_lookup_costs_no_answer(world_of):
    """No attempt of the message is lost."""
    tools = list_tools(FakeBookingQueries(PermanentError("aws_AccessDenied")))
    world = world_of([ToolCall("find_visits")], ["I can't see that now."], tools=tools)
    assert (await world.handle())[-1].data.text == "I can't see that now."


def test_without_booking_there_is_no_tool_that_asks_it(make_profile):
    """In an environment of the release before, which has no such queue for chat."""
    names = [[build(make_profile()).name for build in list_tools(booking)] for booking in (None, FakeBookingQueries())]
    assert names == [["offer_booking", "hand_over"], ["offer_booking", "hand_over", "find_times", "find_visits"]]
