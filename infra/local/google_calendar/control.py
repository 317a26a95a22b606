"""The control routes of the stand-in, under /_standin: faults, keys, calendars, changes by the owner, call counts."""

import json
from collections.abc import Iterable
from http import HTTPStatus

from aiohttp import web

from infra.local.google_calendar.errors import (
    Json,
    build_bad_request_error,
    build_invalid_error,
    build_missing_value_error,
)
from infra.local.google_calendar.events import NO_ROLE, ROLES
from infra.local.google_calendar.faults import parse_fault
from infra.local.google_calendar.resources import calendar_to_json, event_to_json
from infra.local.google_calendar.standin import Standin

CONTROL_PATH = "/_standin"


class Control:
    """Handlers for tests, the demo and the local stack; they need no token."""

    def __init__(self, standin: Standin) -> None:
        self._standin = standin

    def build_routes(self) -> Iterable[web.RouteDef]:
        """Return every route."""
        return (
            web.get(f"{CONTROL_PATH}/ready", self.report_ready),
            web.post(f"{CONTROL_PATH}/reset", self.reset_state),
            web.get(f"{CONTROL_PATH}/calls", self.count_calls),
            web.get(f"{CONTROL_PATH}/faults", self.list_faults),
            web.post(f"{CONTROL_PATH}/faults", self.add_fault),
            web.delete(f"{CONTROL_PATH}/faults", self.clear_faults),
            web.post(f"{CONTROL_PATH}/keys/revoke", self.revoke_keys),
            web.post(f"{CONTROL_PATH}/keys/restore", self.restore_keys),
            web.post(f"{CONTROL_PATH}/tokens/expire", self.expire_tokens),
            web.post(f"{CONTROL_PATH}/sync-tokens/expire", self.expire_sync_tokens),
            web.post(f"{CONTROL_PATH}/calendars", self.create_calendar),
            web.delete(f"{CONTROL_PATH}/calendars", self.delete_calendar),
            web.post(f"{CONTROL_PATH}/calendars/share", self.share_calendar),
            web.get(f"{CONTROL_PATH}/events", self.list_events),
            web.post(f"{CONTROL_PATH}/events", self.add_event),
            web.patch(f"{CONTROL_PATH}/events", self.change_event),
            web.delete(f"{CONTROL_PATH}/events", self.delete_event),
        )

    async def report_ready(self, _request: web.Request) -> web.Response:
        """Report that the server is ready."""
        return web.json_response({"ready": True})

    async def reset_state(self, _request: web.Request) -> web.Response:
        """Restore the initial state."""
        self._standin.reset()
        return _build_empty_answer()

    async def count_calls(self, _request: web.Request) -> web.Response:
        """Count the calls since the start or the last reset, by method and path."""
        counts = dict(sorted(self._standin.calls.items()))
        return web.json_response({"calls": counts, "total": sum(counts.values())})

    async def list_faults(self, _request: web.Request) -> web.Response:
        """Return the pending faults, and how often each kind was applied."""
        return web.json_response(self._standin.faults.report())

    async def add_fault(self, request: web.Request) -> web.Response:
        """Add a fault."""
        try:
            self._standin.faults.add(parse_fault(await _read_body(request)))
        except ValueError as unclear:
            raise build_invalid_error(str(unclear)) from unclear
        return web.json_response(self._standin.faults.report(), status=HTTPStatus.CREATED)

    async def clear_faults(self, _request: web.Request) -> web.Response:
        """Remove every fault."""
        self._standin.faults.clear()
        return _build_empty_answer()

    async def revoke_keys(self, request: web.Request) -> web.Response:
        """Refuse the keys, and tokens too unless the body says `keep_tokens`."""
        self._standin.authority.revoke_keys(keep_tokens=(await _read_body(request)).get("keep_tokens") is True)
        return _build_empty_answer()

    async def restore_keys(self, _request: web.Request) -> web.Response:
        """Accept the keys again."""
        self._standin.authority.restore_keys()
        return _build_empty_answer()

    async def expire_tokens(self, _request: web.Request) -> web.Response:
        """Invalidate the issued access tokens: the next call is answered with 401."""
        self._standin.authority.expire_tokens()
        return _build_empty_answer()

    async def expire_sync_tokens(self, _request: web.Request) -> web.Response:
        """Invalidate the issued sync tokens: the next sync is answered with 410."""
        self._standin.expire_sync_tokens()
        return _build_empty_answer()

    async def create_calendar(self, request: web.Request) -> web.Response:
        """Add a calendar."""
        body = await _read_body(request)
        if not body.get("id"):
            raise build_missing_value_error("Missing id.")
        where = str(body.get("timeZone") or self._standin.time_zone)
        calendar = self._standin.store.create_calendar(str(body["id"]), where)
        return web.json_response(calendar_to_json(calendar), status=HTTPStatus.CREATED)

    async def delete_calendar(self, request: web.Request) -> web.Response:
        """Delete a calendar with its events, as its owner does."""
        self._standin.store.delete_calendar(request.query.get("calendar", ""))
        return _build_empty_answer()

    async def share_calendar(self, request: web.Request) -> web.Response:
        """Give the service account another `role` for a calendar, or none, as its owner does in the settings."""
        body = await _read_body(request)
        if body.get("role") not in {NO_ROLE, *ROLES}:
            raise build_invalid_error(f"Invalid role; it may be {', '.join((NO_ROLE, *ROLES))}.")
        self._standin.store.get_calendar(str(body.get("id", ""))).access_role = body["role"]
        return _build_empty_answer()

    async def list_events(self, request: web.Request) -> web.Response:
        """Return every event of a calendar, or of all of them, deleted ones included."""
        store = self._standin.store
        named = request.query.get("calendar")
        calendars = store.list_calendars() if named is None else [store.get_calendar(named)]
        items = [event_to_json(event, each) for each in calendars for event in each.events.values()]
        return web.json_response({"items": items})

    async def add_event(self, request: web.Request) -> web.Response:
        """Add an event as the calendar's owner does in Google's interface."""
        body = await _read_body(request)
        calendar = self._standin.store.get_calendar(str(body.pop("calendar", "")))
        for name in ("start", "end"):
            body[name] = _parse_boundary(body.get(name), calendar.time_zone.key)
        event = self._standin.store.insert_event(calendar.id, body, calendar.id)
        return web.json_response(event_to_json(event, calendar), status=HTTPStatus.CREATED)

    async def change_event(self, request: web.Request) -> web.Response:
        """Change an event, a series or one of its instances as the calendar's owner does in Google's interface."""
        body = await _read_body(request)
        calendar = self._standin.store.get_calendar(request.query.get("calendar", ""))
        for name in {"start", "end"} & set(body):
            # The new boundary replaces the old one, also a date a time and a time a date.
            body[name] = {
                "date": None,
                "dateTime": None,
                **_require_object(_parse_boundary(body[name], calendar.time_zone.key)),
            }
        event = self._standin.store.patch_event(calendar.id, request.query.get("id", ""), body)
        return web.json_response(event_to_json(event, calendar))

    async def delete_event(self, request: web.Request) -> web.Response:
        """Delete an event as the calendar's owner does in Google's interface."""
        self._standin.store.delete_event(request.query.get("calendar", ""), request.query.get("id", ""))
        return _build_empty_answer()


def _parse_boundary(value: object, time_zone: str) -> object:
    """Accept a boundary as plain text: a date, or a time with an offset or in the calendar's zone."""
    if not isinstance(value, str):
        return value
    return {"dateTime": value, "timeZone": time_zone} if "T" in value else {"date": value}


def _require_object(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _build_empty_answer() -> web.Response:
    return web.json_response({})


async def _read_body(request: web.Request) -> Json:
    try:
        content = json.loads(await request.text() or "{}")
    except ValueError as malformed:
        raise build_bad_request_error() from malformed
    if not isinstance(content, dict):
        raise build_bad_request_error()
    return content
