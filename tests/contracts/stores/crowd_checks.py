"""What a crowd's appointments, events and notices must look like, computed from all of them at once."""

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta

from tests.contracts.stores.crowd import PROFILE
from workers.booking.adapters.bucket_items import list_buckets, list_utc_days
from workers.booking.domain.values import Appointment, AppointmentState, Interval


def active_appointments(appointments, now):
    """Return the appointments that have their time at an instant."""
    return [one for one in appointments if is_active(one, now)]


def is_active(appointment: Appointment, now: datetime) -> bool:
    """Return whether an appointment keeps its time from others."""
    held = appointment.state is AppointmentState.HELD and appointment.hold_expires_at > now
    return held or appointment.state is AppointmentState.CONFIRMED


def overlaps(appointments):
    """Return every pair that shares a lane and an instant, buffers included."""
    group_by_lane = defaultdict(list)
    for one in appointments:
        group_by_lane[one.tenant, one.resource].append(one)
    found = []
    for lane in group_by_lane.values():
        ordered = sorted(lane, key=lambda one: one.blocked.start)
        found += [
            (first.appointment_id, second.appointment_id)
            for position, first in enumerate(ordered)
            for second in ordered[position + 1 :]
            if first.blocked.overlaps(second.blocked)
        ]
    return found


def has_room(slot, appointments):
    """Return whether a lane of the service was free for an offered time."""
    service = PROFILE.find_service(slot.service)
    start = slot.start.astimezone(UTC)
    blocked = Interval(
        start - timedelta(minutes=service.buffer_before_minutes),
        start + timedelta(minutes=service.duration_minutes + service.buffer_after_minutes),
    )
    return any(
        not any(one.resource == lane and one.blocked.overlaps(blocked) for one in appointments)
        for lane in PROFILE.list_lanes(service)
    )


def list_owners(appointments, rows):
    """Return the appointments that own each bucket of their time; `rows` are all rows of the tenants' slots.

    An owner's visit wins over a hold, which then lacks a bucket and can't be confirmed.
    """
    owners = {(row["pk"], row["bucket"]): row.get("appointment_id") for row in rows}
    sizes = {row["pk"]: int(row["grid_minutes"]) for row in rows if "grid_minutes" in row}
    return [one for one in appointments if all(owners.get(key) == one.appointment_id for key in _list_keys(one, sizes))]


def _list_keys(one, sizes):
    grids = {day: sizes.get(f"{one.tenant}#{day}", one.grid_minutes) for day in list_utc_days(one.blocked)}
    return [(bucket.key["pk"], bucket.key["bucket"]) for bucket in list_buckets(one, grids)]


def find_wrong_events(appointments, events):
    """Return where the calendar differs from the confirmed visits: as appointment id to what each of them says."""
    visits = {
        one.appointment_id: (one.start, one.end, one.version)
        for one in appointments
        if one.state is AppointmentState.CONFIRMED
    }
    displayed = {one.appointment_id: (one.start, one.end, one.version) for one in events}
    assert len(displayed) == len(events)
    return {
        key: (visits.get(key), displayed.get(key))
        for key in visits.keys() | displayed.keys()
        if visits.get(key) != displayed.get(key)
    }


def find_wrong_notices(appointments, notices):
    """Return the visits whose visitor was told something else than what holds now, and what they were told.

    A visit is confirmed once; the last notice states its time or its cancellation, which is stated once, too.
    """
    by_visit = defaultdict(list)
    for notice in notices:
        if notice.type in {"notice.confirmed", "notice.rescheduled", "notice.cancelled"}:
            by_visit[notice.data.appointment_id].append(notice)
    wrong = {}
    for one in appointments:
        sent = by_visit.pop(one.appointment_id, [])
        kinds = Counter(notice.type for notice in sent)
        # An event id is assigned by the confirmation, and a hold that is cancelled has no notice.
        was_confirmed = one.calendar_event_id is not None
        is_cancelled = was_confirmed and one.state is AppointmentState.CANCELLED
        last = (sent[-1].type == "notice.cancelled", sent[-1].data.start) if sent else None
        if (kinds["notice.confirmed"], kinds["notice.cancelled"], last) != (
            int(was_confirmed),
            int(is_cancelled),
            (is_cancelled, one.start) if was_confirmed else None,
        ):
            wrong[one.appointment_id] = (one, [(notice.type, notice.data.start) for notice in sent])
    return wrong | dict(by_visit)
