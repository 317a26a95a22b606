"""Pure: a failure's story in the reader's language; the names of people and their reasons stay as they are."""

from dataclasses import dataclass

from shared.languages.catalogue import Texts
from shared.ledger.audit_details import EditedFields, NotSent, ReplayNumber
from shared.ledger.failures import SYSTEM_ACTIONS, AuditEntry


@dataclass(frozen=True, slots=True)
class Told:
    """One line of the story."""

    entry: AuditEntry
    who: str
    note: str


def told(entry: AuditEntry, t: Texts) -> Told:
    """Return a deed with who did it, and its note, in the reader's language."""
    who = t.or_itself("part", entry.by) if entry.action in SYSTEM_ACTIONS else entry.by
    return Told(entry, who, _note(entry, t))


def _note(entry: AuditEntry, t: Texts) -> str:
    match entry.detail:
        case ReplayNumber(number):
            return t("replay_number", number=number)
        case NotSent(reason):
            return t("not_sent", reason=t.or_itself("reason", reason))
        case EditedFields(names):
            return ", ".join(t.or_itself("field", name) for name in names)
        case text if text and entry.action in {"failed", "failed_again"}:
            return t.or_itself("reason", text)
        case text if entry.action == "refused":
            return t.or_itself("refusal", text)
        case text:
            return text
