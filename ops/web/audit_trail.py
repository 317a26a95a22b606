"""Describes audit entries in the reader's language; operators' names and reasons are not translated."""

from dataclasses import dataclass

from ops.web.reasons import describe_reason
from shared.languages.catalogue import Texts
from shared.ledger.audit_details import EditedFields, NotSent, ReplayNumber
from shared.ledger.failures import SYSTEM_ACTIONS, AuditEntry


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One line of an audit trail."""

    entry: AuditEntry
    who: str
    note: str


def describe_entry(entry: AuditEntry, t: Texts) -> AuditLine:
    """Return an audit entry with its author and its note in the reader's language."""
    who = t.translate_name("part", entry.by) if entry.action in SYSTEM_ACTIONS else entry.by
    return AuditLine(entry, who, _describe_detail(entry, t))


def _describe_detail(entry: AuditEntry, t: Texts) -> str:
    match entry.detail:
        case ReplayNumber(number):
            return t("replay_number", number=number)
        case NotSent(reason):
            return t("not_sent", reason=describe_reason(t, reason))
        case EditedFields(names):
            return ", ".join(t.translate_name("field", name) for name in names)
        case text if text and entry.action in {"failed", "failed_again"}:
            return describe_reason(t, text)
        case text if entry.action == "refused":
            return t.translate_name("refusal", text)
        case text:
            return text
