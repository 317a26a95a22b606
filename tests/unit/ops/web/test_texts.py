"""The texts of the pages: every value that the desk displays has one."""

import re
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from ops.desk.domain.values import FieldProblemKind, ForecastKind, NotPossibleReason
from ops.today.values import AnswerOutcome, Speaker
from ops.web.audit_trail import describe_entry
from ops.web.filters import AGES
from ops.web.language import CATALOGUE
from ops.web.reasons import describe_reason
from shared.conversations.takeover import ConversationAuditAction
from shared.dead_letter_reasons import DeadLetterReason
from shared.ledger.audit_details import EditedFields, NotSent, ReplayNumber
from shared.ledger.failures import QUEUES, AuditAction, AuditEntry, FailureState
from shared.ledger.rules import LEDGER
from shared.messages.commands import QUEUED_COMMAND
from shared.messages.errors import ErrorCode
from shared.messages.notices import NOTICE
from tests.fakes.clock import NOON
from workers.booking.domain.calendar_problem import CalendarProblem
from workers.booking.facade import OccupiedBy, Rule, TimeProblem

ROOT = Path(__file__).parents[4]
RAISED = re.compile(r'PermanentError\(\s*"(\w+)"')
REFUSED = re.compile(r"ErrorCode\.([A-Z_]+)")
NEVER_REFUSED = {ErrorCode.INTERNAL, ErrorCode.TIMEOUT, ErrorCode.CHALLENGE_REQUIRED}
"""A command that ends with one of the first two has failed, and no replay is challenged."""
NOT_IN_THE_LEDGER = {"not_allowed_to_look", CalendarProblem.MOVE_REFUSED, CalendarProblem.VISIT_RESTORED}
"""The first is of a forecast, and the others of alerts only."""


def test_every_value_has_a_text():
    """States, audit actions, forecasts, reasons, problems and types of messages are not displayed as codes."""
    types = [
        choice["properties"]["type"]["const"]
        for adapter in (QUEUED_COMMAND, NOTICE)
        for choice in adapter.json_schema()["$defs"].values()
        if "type" in choice.get("properties", {}) and "version" in choice["properties"]
    ]
    assert len(types) >= 15
    text_ids = [
        *(f"state_{one}" for one in (*FailureState, "open", "any")),
        *(f"deed_{one}" for one in get_args(AuditAction)),
        *(f"forecast_{one}" for one in ForecastKind),
        *(f"why_{one}" for one in NotPossibleReason),
        *(f"problem_{one}" for one in FieldProblemKind),
        *(f"type_{one}" for one in types),
        *(f"queue_{one}" for one in QUEUES),
        *(f"age_{one}" for one in AGES),
        *(f"answer_{one}" for one in AnswerOutcome if one is not AnswerOutcome.SENT),
        *(f"who_{one}" for one in get_args(Speaker)),
        *(f"part_{one}" for one in (LEDGER, "desk", *QUEUES)),
        *(f"times_{one}" for one in get_args(TimeProblem)),
        *(f"rule_{one}" for one in Rule),
        *(f"occupied_by_{one}" for one in get_args(get_type_hints(OccupiedBy)["kind"])),
        *(f"did_{one}" for one in get_args(ConversationAuditAction)),
    ]
    sources = [path.read_text("utf-8") for path in (ROOT / "workers" / "booking").rglob("*.py")]
    refusals = set(REFUSED.findall("".join(sources)))
    assert len(refusals) >= 10
    text_ids += [f"refusal_{code}" for code in refusals - NEVER_REFUSED]
    text_ids += [f"forecast_refusal_{code}" for code in refusals - NEVER_REFUSED - {ErrorCode.SLOT_TAKEN}]
    t = CATALOGUE.get_texts("en")
    assert [text_id for text_id in text_ids if t.get(text_id) is None] == []


@pytest.mark.parametrize(
    ("by", "action", "detail", "who", "note"),
    [
        (
            "ledger",
            "failed",
            "calendar_access_revoked",
            "rejestr błędów",
            "Klucz do kalendarza został unieważniony",
        ),
        ("ledger", "failed_again", "new_reason", "rejestr błędów", "new_reason"),
        ("booking", "resolved", "", "obsługa rezerwacji", ""),
        ("desk", "failed", NotSent("new_reason"), "panel", "Nie udało się umieścić jej w kolejce: new_reason"),
        ("Ola", "replayed", ReplayNumber(1), "Ola", "Ponowienie nr 1"),
        ("Ola", "edited", EditedFields(("contact", "new_field")), "Ola", "Kontakt, new_field"),
        ("booking", "discarded", "replay 1", "booking", "replay 1"),
        ("ledger", "replayed", "replay one", "ledger", "replay one"),
        ("Ola", "discarded", "not sent: new_reason", "Ola", "not sent: new_reason"),
        ("Ola", "discarded", "contact, name", "Ola", "contact, name"),
    ],
)
def test_audit_entries_are_translated(by, action, detail, who, note):
    """Parts of the system and their notes are translated; operators, their reasons and unknown values are not."""
    line = describe_entry(AuditEntry(NOON, by, action, detail), CATALOGUE.get_texts("pl"))
    assert (line.who, line.note) == (who, note)


def test_every_reason_of_a_failure_has_a_text():
    """Those of the queues, of calendars, and those that the workers raise for an operator."""
    sources = [file.read_text("utf-8") for folder in ("shared", "workers") for file in (ROOT / folder).rglob("*.py")]
    raised = {reason for source in sources for reason in RAISED.findall(source)}
    assert {"mail_off", "sms_rejected"} <= raised
    reasons = {"aws_AccessDenied", *DeadLetterReason, *CalendarProblem, "bad_profile", "unknown_tenant"} | raised
    t = CATALOGUE.get_texts("en")
    missing = [one for one in sorted(reasons - NOT_IN_THE_LEDGER) if describe_reason(t, one) == one]
    assert missing == []
