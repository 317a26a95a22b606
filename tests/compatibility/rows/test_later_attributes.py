"""Attributes that came after the rows of `fixtures/rows.json`: they are read, and written under the same names."""

import json
from datetime import UTC, datetime, timedelta

from api_gateway_ws.adapters.judgements import DynamoJudgements
from shared.aws.conversations.handovers import DynamoHandoverStore
from shared.aws.conversations.judgement_index import DynamoJudgedAnswers
from shared.aws.items import from_item, to_item
from shared.aws.unanswered_questions import DynamoUnansweredQuestions
from shared.conversations.handover import StaffRequest
from shared.conversations.judgements import JudgedAnswer, Judgement
from shared.unanswered import AskedQuestion, MonthOfQuestions, QuestionGroup
from tests.compatibility.fixtures_of_release import FIXTURES
from tests.fakes.clock import FakeClock
from workers.booking.adapters.appointment_item import appointment_to_item, item_to_appointment
from workers.booking.domain.values import Answer, LastChange
from workers.notifications.adapters.visit_changes import DynamoVisitChanges
from workers.notifications.domain import VisitChange

NINE = datetime(2026, 1, 13, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_the_later_attributes_of_an_appointment_keep_their_names():
    """What the owner changed, when, and with which visits; and the visitor's answers."""
    row = json.loads((FIXTURES / "appointment_row.json").read_text(encoding="utf-8"))["row"]
    appointment = item_to_appointment(row)
    assert appointment.answers == (Answer("people", "2"),)
    assert appointment.last_change == LastChange(
        "c" * 32, by_owner=True, previous_start=NINE - 2 * HOUR, together_with=("b" * 32,), at=NINE - 20 * HOUR
    )
    written = from_item(to_item(appointment_to_item(appointment)))
    assert {name: written[name] for name in row} == row


async def test_the_attributes_of_a_judgement_keep_their_names(dynamodb, emulator):
    """The ingress writes them on the row of an answer, and the desk reads them there and in the index."""
    key = to_item({"session_id": "kept-judged", "seq": 2})
    frame = '{"v":1,"re":"m1","seq":2,"type":"chat.final","data":{"text":"At six."}}'
    row = {
        "verdict": "down",
        "verdict_reason": "At five.",
        "judged_at": "2026-01-13T09:00:00+00:00",
        "tenant_verdict": "kept-judged#down",
    }
    await dynamodb.put_item(TableName="ConversationsTable", Item=key | to_item({"frame": frame, "frame_format": 2}))
    judgement = Judgement("down", "At five.", NINE)
    judgements = DynamoJudgements(client=emulator.client("dynamodb"), table="ConversationsTable")
    assert judgements.store_judgement("kept-judged", 2, judgement, tenant="kept-judged")
    item = (await dynamodb.get_item(TableName="ConversationsTable", Key=key))["Item"]
    assert {name: value for name, value in from_item(item).items() if name in row} == row
    judged = DynamoJudgedAnswers(client=dynamodb, table="ConversationsTable")
    assert await judged.list_judged("kept-judged", "down", limit=2) == [
        JudgedAnswer("kept-judged", 2, "At six.", judgement)
    ]
    await dynamodb.delete_item(TableName="ConversationsTable", Key=key)


async def test_the_attributes_of_a_handover_keep_their_names(dynamodb):
    """What the visitor wrote, who waits, the last alert, and the partition of the index."""
    key = to_item({"session_id": "kept-handover", "seq": 0})
    row = {
        "tenant": "kept-tenant",
        "tenant_day": "kept-tenant#waiting",
        "created_at": "2026-01-13T09:00:00+00:00",
        "version": 1,
        "requests": [{"id": "h1", "at": "2026-01-13T09:00:00+00:00", "note": "One", "contact": "+48512345678"}],
        "waiting_since": "2026-01-13T09:00:00+00:00",
        "waiting_for": "h1",
        "alerted_at": "2026-01-13T09:00:00+00:00",
        "alerted_for": "h1",
    }
    ended = {"cleared_at": "2026-01-13T09:00:00+00:00", "cleared_by": "Ola", "version": 2}
    handovers = DynamoHandoverStore(client=dynamodb, table="ConversationsTable", clock=FakeClock(NINE))
    request = StaffRequest("h1", NINE, "One", "+48512345678")
    await handovers.add_request("kept-tenant", "kept-handover", request, waits=True)
    item = (await dynamodb.get_item(TableName="ConversationsTable", Key=key))["Item"]
    assert {name: value for name, value in from_item(item).items() if name in row} == row
    await dynamodb.put_item(TableName="ConversationsTable", Item=key | to_item(row))
    assert await handovers.list_waiting("kept-tenant", limit=2) == ["kept-handover"]
    assert (await handovers.get_handover("kept-handover")).requests == (request,)
    await handovers.end_wait("kept-handover", by="Ola")
    item = from_item((await dynamodb.get_item(TableName="ConversationsTable", Key=key))["Item"])
    assert {name: value for name, value in item.items() if name in ended} == ended
    assert "tenant_day" not in item
    await dynamodb.delete_item(TableName="ConversationsTable", Key=key)


async def test_the_attributes_of_unanswered_questions_keep_their_names(dynamodb):
    """The rows of a group and of its month are read as they are written, and counted on."""
    head = to_item({"tenant": "kept-questions", "day": "unanswered#2026-01"})
    group = to_item({"tenant": "kept-questions", "day": "unanswered#2026-01#g"})
    month = {"group_count": 1, "not_grouped": 2, "expires_at": 1776070800}
    row = {
        "example": "Wifi?",
        "question_language": "en",
        "times_asked": 3,
        "first_at": "2026-01-13T09:00:00+00:00",
        "last_at": "2026-01-13T10:00:00+00:00",
        "expires_at": 1776070800,
    }
    await dynamodb.put_item(TableName="UsageTable", Item=head | to_item(month))
    await dynamodb.put_item(TableName="UsageTable", Item=group | to_item(row))
    questions = DynamoUnansweredQuestions(client=dynamodb, table="UsageTable", max_groups=1)
    for name in ("g", "other"):
        await questions.count_question("kept-questions", NINE.date(), AskedQuestion(name, "x", "pl"), now=NINE + HOUR)
    assert await questions.list_questions("kept-questions", NINE.date()) == MonthOfQuestions(
        [QuestionGroup("Wifi?", "en", 4, NINE, NINE + HOUR)], others=3
    )
    for key in (head, group):
        await dynamodb.delete_item(TableName="UsageTable", Key=key)


async def test_the_later_attributes_of_a_visit_change_keep_their_names(dynamodb):
    """When the visit was reinstated, the start that its visitor knows, and since when they have heard nothing."""
    key = to_item({"quota": "visit#kept-later", "seat": 0})
    row = {
        "changed_at": "2026-01-13T09:00:00.000000+00:00",
        "moved_to": "2026-01-13T11:00:00.000000+00:00",
        "reinstated_at": "2026-01-13T09:00:00.000000+00:00",
        "known_start": "2026-01-13T12:00:00.000000+00:00",
        "unknown_since": "2026-01-13T09:00:00.000000+00:00",
        "expires_at": 1768312800,
    }
    changes = DynamoVisitChanges(client=dynamodb, table="LimitsTable")
    await dynamodb.put_item(TableName="LimitsTable", Item=key | to_item(row))
    expires_at = datetime.fromtimestamp(row["expires_at"], UTC)
    read = VisitChange(NINE, NINE + 2 * HOUR, expires_at, reinstated_at=NINE, known_start=NINE + 3 * HOUR)
    assert await changes.find_latest("kept-later") == read
    await dynamodb.delete_item(TableName="LimitsTable", Key=key)
    await changes.record("kept-later", read)
    written = from_item((await dynamodb.get_item(TableName="LimitsTable", Key=key))["Item"])
    assert {name: written[name] for name in row} == row
    await dynamodb.delete_item(TableName="LimitsTable", Key=key)
