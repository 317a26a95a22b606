"""Values that rows, messages and metrics carry keep their text: those of types, and those that are plain strings."""

import ast
import functools
from pathlib import Path
from typing import get_args

from shared.conversations.ports import Marker
from shared.conversations.takeover import ConversationAuditAction
from shared.email_links import LinkPurpose
from shared.ledger.failures import QUEUES, AuditAction, FailureState
from shared.messages.errors import ErrorCode
from shared.messages.server import Announcement, ChangedBy, HandoverAnnouncement
from shared.spending.values import Cap, Purpose
from shared.suppressions import SuppressionReason
from tests.compatibility.frozen_names import assert_kept, frozen
from workers.booking.domain.quotas import Bound
from workers.booking.domain.values import AppointmentState

ROOT = Path(__file__).parents[2]
DEPLOYED = ("shared", "workers", "api_gateway_ws", "ops")


def current_values():
    """Return the values of every type of which values are stored or sent."""
    return {
        "failure state": list(FailureState),
        "action on a failure": get_args(AuditAction),
        "action in a conversation": get_args(ConversationAuditAction),
        "announcement": get_args(Announcement),
        "announcement of a handover": get_args(HandoverAnnouncement),
        "queue": QUEUES,
        "reason of a suppression": get_args(SuppressionReason),
        "appointment state": list(AppointmentState),
        "bound of a quota": list(Bound),
        "error code": list(ErrorCode),
        "who changed a visit": get_args(ChangedBy),
        "purpose of a link": get_args(LinkPurpose),
        "marker of a command": get_args(Marker),
        "cap of costs": list(Cap),
        "purpose of a call": list(Purpose),
    }


@functools.cache
def strings_of_the_code():
    """Return every text in the deployed code that is no docstring."""
    found = set()
    for folder in DEPLOYED:
        for path in sorted((ROOT / folder).rglob("*.py")):
            found |= strings_of(ast.parse(path.read_text(encoding="utf-8")))
    return found


def strings_of(tree):
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation
    }


def test_every_stored_value_is_still_one():
    """A row with a value that its type does not have can't be read."""
    assert_kept("values", current_values(), who_depends="stored rows, queued messages and clients")


@functools.cache
def dimensions_of_metrics():
    """Return the names of the dimensions with which metrics are counted."""
    found = set()
    for folder in DEPLOYED:
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in {"count", "record_milliseconds"}:
                    found |= {keyword.arg for keyword in node.keywords if keyword.arg}
    return found


def test_every_static_word_is_still_used():
    """Reasons, metrics, log events, attributes of messages, authors of audit entries, cookies."""
    current = dict.fromkeys(frozen("static_words"), strings_of_the_code())
    current["dimensions"] = dimensions_of_metrics()
    assert_kept("static_words", current, who_depends="stored failures, dashboards and messages on queues")
