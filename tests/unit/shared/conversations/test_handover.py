"""A visitor's requests for a person: who waits since when, what causes an alert, what is kept."""

from datetime import UTC, datetime, timedelta

from shared.conversations.handover import (
    ALERT_PAUSE,
    MAX_REQUESTS,
    StaffRequest,
    add_request,
    end_wait,
)

NOW = datetime(2026, 1, 12, 12, tzinfo=UTC)


def ask(before, command_id, *, minutes=0.0, note="", contact="", waits=True):
    now = NOW + timedelta(minutes=minutes)
    request = StaffRequest(command_id, now, note, contact)
    return add_request(before, request, now=now, waits=waits)


def test_the_first_request_begins_the_wait_and_causes_the_alert():
    """Also when its command is processed again."""
    first = ask(None, "a", note="Hello")
    for handover in (first, ask(first, "a", minutes=5)):
        assert handover == first
        assert (handover.waiting_since, handover.causes_alert("a"), handover.is_repeated("a")) == (NOW, True, False)


def test_a_conversation_causes_one_alert_in_ten_minutes():
    """However often its visitor asks, and whether staff took care of the request in between or not."""
    pause = ALERT_PAUSE / timedelta(minutes=1)
    for minutes, alerts in ((0, False), (1, False), (pause - 0.01, False), (pause, True), (pause + 60, True)):
        first = ask(None, "a")
        for before in (first, end_wait(first, by="Ola", at=NOW)):
            assert ask(before, "b", minutes=minutes).causes_alert("b") is alerts, minutes
    again = ask(ask(ask(None, "a"), "b", minutes=pause), "c", minutes=pause + 1)
    assert [again.causes_alert(command) for command in "abc"] == [False, True, False]


def test_a_further_request_is_kept_and_says_that_it_is_one():
    """The wait is as long as it was."""
    again = ask(ask(None, "a", note="One"), "b", minutes=3, contact="anna@example.com")
    assert (again.waiting_since, again.is_repeated("a"), again.is_repeated("b")) == (NOW, False, True)
    assert [(one.note, one.contact) for one in again.requests] == [("One", ""), ("", "anna@example.com")]


def test_staff_end_the_wait_and_a_new_request_begins_another():
    """What was written before stays readable."""
    at = NOW + timedelta(minutes=1)
    ended = end_wait(ask(None, "a", note="One"), by="Ola", at=at)
    assert (ended.waiting_since, ended.cleared_by, ended.cleared_at) == (None, "Ola", at)
    assert not ended.causes_alert("a")
    assert end_wait(ended, by="Jan", at=at) is None
    assert end_wait(None, by="Jan", at=at) is None
    again = ask(ended, "b", minutes=2)
    assert (again.waiting_since, again.cleared_by, again.cleared_at) == (NOW + timedelta(minutes=2), "", None)
    assert not again.is_repeated("b")
    assert [one.note for one in again.requests] == ["One", ""]


def test_a_request_during_a_takeover_is_only_kept():
    """Nobody waits, and nobody is alerted: a person answers already."""
    handover = ask(None, "a", note="One", waits=False)
    assert (handover.waiting_since, handover.causes_alert("a"), len(handover.requests)) == (None, False, 1)
    assert ask(handover, "b", minutes=1).causes_alert("b")


def test_the_latest_requests_are_kept():
    """Those without a note and a contact are dropped first, and never the one that was added."""
    handover = ask(None, "first", note="Note")
    for number in range(50):
        handover = ask(handover, f"empty{number}")
        assert handover.requests[-1].command_id == f"empty{number}"
    assert (len(handover.requests), handover.requests[0].note) == (MAX_REQUESTS, "Note")
    for number in range(50):
        handover = ask(handover, f"note{number}", note=f"{number}")
    assert [one.note for one in handover.requests] == [f"{number}" for number in range(40, 50)]


def test_personal_data_is_not_in_the_representation():
    """It could reach a log."""
    request = StaffRequest("a", NOW, "my secret", "anna@example.com")
    assert not any(text in repr(request) for text in ("secret", "anna"))
