"""Converts an appointment to a DynamoDB item and back."""

from datetime import datetime
from typing import Any

from shared.retention import HOLD_RETENTION, VISIT_RETENTION, compute_expiry
from workers.booking.domain.values import (
    Answer,
    Appointment,
    AppointmentState,
    ChangeKind,
    Contact,
    Interval,
    LastChange,
    QuotaUnit,
)

_HANDOVER_REFUSED = "/back"
"""The suffix of `changed_by` that marks a refused handover for the release before `change_kind`.

That release compares the whole text. The suffix is still written, so that both releases can read each other's rows;
the release after this one need not write it."""


def appointment_to_item(appointment: Appointment) -> dict[str, Any]:
    """Return the appointment as plain values for `to_item`."""
    previous_start = appointment.last_change.previous_start
    retention = HOLD_RETENTION if appointment.state is AppointmentState.HELD else VISIT_RETENTION
    return {
        "appointment_id": appointment.appointment_id,
        "session_id": appointment.session_id,
        "tenant": appointment.tenant,
        "service": appointment.service_id,
        "start": appointment.start.isoformat(),
        "end": appointment.end.isoformat(),
        "blocked_start": appointment.blocked.start.isoformat(),
        "blocked_end": appointment.blocked.end.isoformat(),
        "state": appointment.state.value,
        "contact_kind": appointment.contact.kind,
        "contact": appointment.contact.address,
        "name": appointment.name,
        "note": appointment.note,
        "locale": appointment.locale,
        "hold_expires_at": appointment.hold_expires_at.isoformat() if appointment.hold_expires_at else None,
        "code_sends": appointment.code_sends,
        "codes_unsent": appointment.codes_unsent,
        "code_attempts": appointment.code_attempts,
        "moves": appointment.moves,
        "version": appointment.version,
        "created_at": appointment.created_at.isoformat(),
        "calendar_event_id": appointment.calendar_event_id,
        "grid_minutes": appointment.grid_minutes,
        "resource": appointment.resource,
        "seats": [
            {"key": unit.key, "number": unit.number, "lasting": unit.is_lasting} for unit in appointment.quota_units
        ],
        "verified": appointment.verified,
        "calendars": list(appointment.calendars),
        "answers": [{"question": answer.question_id, "text": answer.text} for answer in appointment.answers] or None,
        "changed_by": _format_changed_by(appointment.last_change),
        "change_kind": appointment.last_change.kind.value,
        "changed_by_owner": appointment.last_change.by_owner,
        "changed_from": previous_start.isoformat() if previous_start else None,
        "changed_with": list(appointment.last_change.together_with),
        "changed_at": appointment.last_change.at.isoformat() if appointment.last_change.at else None,
        "expires_at": compute_expiry(appointment.end, retention),
    }


def item_to_appointment(row: dict[str, Any]) -> Appointment:
    """Return the appointment of the values that `from_item` returned."""
    expires = row.get("hold_expires_at")
    return Appointment(
        appointment_id=row["appointment_id"],
        session_id=row["session_id"],
        tenant=row["tenant"],
        service_id=row["service"],
        start=_parse_instant(row["start"]),
        end=_parse_instant(row["end"]),
        blocked=Interval(_parse_instant(row["blocked_start"]), _parse_instant(row["blocked_end"])),
        state=AppointmentState(row["state"]),
        contact=Contact(row["contact_kind"], row["contact"]),
        name=row["name"],
        note=row["note"],
        locale=row["locale"],
        hold_expires_at=_parse_instant(expires) if expires else None,
        code_sends=row["code_sends"],
        codes_unsent=row.get("codes_unsent", 0),
        code_attempts=row["code_attempts"],
        # Rows of the release before count none.
        moves=int(row.get("moves", 0)),
        version=row["version"],
        created_at=_parse_instant(row["created_at"]),
        calendar_event_id=row.get("calendar_event_id"),
        grid_minutes=row["grid_minutes"],
        resource=row["resource"],
        quota_units=tuple(QuotaUnit(unit["key"], int(unit["number"]), unit["lasting"]) for unit in row["seats"]),
        verified=row["verified"],
        calendars=tuple(row["calendars"]),
        answers=tuple(Answer(answer["question"], answer["text"]) for answer in row.get("answers") or ()),
        last_change=_parse_last_change(row),
    )


def _format_changed_by(change: LastChange) -> str:
    return change.command_id + (_HANDOVER_REFUSED if change.kind is ChangeKind.HANDOVER_REFUSED else "")


def _parse_last_change(row: dict[str, Any]) -> LastChange:
    changed_by: str = row.get("changed_by", "")
    if "change_kind" in row:
        kind = ChangeKind(row["change_kind"])
    else:
        # Written by the release before.
        kind = ChangeKind.HANDOVER_REFUSED if changed_by.endswith(_HANDOVER_REFUSED) else ChangeKind.APPLIED
    return LastChange(
        changed_by.removesuffix(_HANDOVER_REFUSED) if kind is ChangeKind.HANDOVER_REFUSED else changed_by,
        kind,
        # Rows of releases before do not have these.
        by_owner=row.get("changed_by_owner", False),
        previous_start=_parse_instant(row["changed_from"]) if row.get("changed_from") else None,
        together_with=tuple(row.get("changed_with", ())),
        at=_parse_instant(row["changed_at"]) if row.get("changed_at") else None,
    )


def _parse_instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
