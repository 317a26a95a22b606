"""The control routes of the stand-in, under /_standin: faults, keys, calendars, changes by the owner, call counts."""

import json
from collections.abc import Iterable
from http import HTTPStatus

from aiohttp import web

from infra.local.google_calendar.errors import Json, bad_request, invalid, missing_required
from infra.local.google_calendar.faults import parse_fault
from infra.local.google_calendar.resources import calendar_resource, event_resource
from infra.local.google_calendar.standin import Standin
from infra.local.google_calendar.store import ROLES

CONTROL_PATH = "/_standin"


class Control:
    """Handlers for tests, the demo and the local stack; they need no token."""

    def __init__(self, standin: Standin) -> None:
        self._standin = standin

    def routes(self) -> Iterable[web.RouteDef]:
        """Return every route."""
        return (
            web.get(f"{CONTROL_PATH}/ready", self.ready),
            web.post(f"{CONTROL_PATH}/reset", self.reset),
            web.get(f"{CONTROL_PATH}/calls", self.calls),
            web.get(f"{CONTROL_PATH}/faults", self.faults),
            web.post(f"{CONTROL_PATH}/faults", self.order_fault),
            web.delete(f"{CONTROL_PATH}/faults", self.clear_faults),
            web.post(f"{CONTROL_PATH}/keys/revoke", self.revoke_keys),
            web.post(f"{CONTROL_PATH}/keys/restore", self.restore_keys),
            web.post(f"{CONTROL_PATH}/tokens/expire", self.expire_tokens),
            web.post(f"{CONTROL_PATH}/sync-tokens/expire", self.expire_sync_tokens),
            web.post(f"{CONTROL_PATH}/calendars", self.create_calendar),
            web.post(f"{CONTROL_PATH}/calendars/share", self.share_calendar),
            web.get(f"{CONTROL_PATH}/events", self.events),
            web.post(f"{CONTROL_PATH}/events", self.add_event),
            web.patch(f"{CONTROL_PATH}/events", self.change_event),
            web.delete(f"{CONTROL_PATH}/events", self.delete_event),
        )

    async def ready(self, _request: web.Request) -> web.Response:
        """Report that the server is ready."""
        return web.json_response({"ready": True})

    async def reset(self, _request: web.Request) -> web.Response:
        """Restore the initial state."""
        self._standin.reset()
        return _empty_answer()

    async def calls(self, _request: web.Request) -> web.Response:
        """Count the calls since the start or the last reset, by method and path."""
        counts = dict(sorted(self._standin.calls.items()))
        return web.json_response({"calls": counts, "total": sum(counts.values())})

    async def faults(self, _request: web.Request) -> web.Response:
        """Return the pending faults, and how often each kind was applied."""
        return web.json_response(self._standin.faults.report())

    async def order_fault(self, request: web.Request) -> web.Response:
        """Add a fault."""
        try:
            self._standin.faults.order(parse_fault(await _body(request)))
        except ValueError as unclear:
            raise invalid(str(unclear)) from unclear
        return web.json_response(self._standin.faults.report(), status=HTTPStatus.CREATED)

    async def clear_faults(self, _request: web.Request) -> web.Response:
        """Remove every fault."""
        self._standin.faults.clear()
        return _empty_answer()

    async def revoke_keys(self, request: web.Request) -> web.Response:
        """Refuse the keys, and tokens too unless the body says `keep_tokens`."""
        self._standin.authority.revoke_keys(keep_tokens=(await _body(request)).get("keep_tokens") is True)
        return _empty_answer()

    async def restore_keys(self, _request: web.Request) -> web.Response:
        """Accept the keys again."""
        self._standin.authority.restore_keys()
        return _empty_answer()

    async def expire_tokens(self, _request: web.Request) -> web.Response:
        """Invalidate the issued access tokens: the next call is answered with 401."""
        self._standin.authority.expire_tokens()
        return _empty_answer()

    async def expire_sync_tokens(self, _request: web.Request) -> web.Response:
        """Invalidate the issued sync tokens: the next sync is answered with 410."""
        self._standin.expire_sync_tokens()
        return _empty_answer()

    async def create_calendar(self, request: web.Request) -> web.Response:
        """Add a calendar."""
        body = await _body(request)
        if not body.get("id"):
            raise missing_required("Missing id.")
        where = str(body.get("timeZone") or self._standin.time_zone)
        calendar = self._standin.store.create_calendar(str(body["id"]), where)
        return web.json_response(calendar_resource(calendar), status=HTTPStatus.CREATED)

    async def share_calendar(self, request: web.Request) -> web.Response:
        """Give the service account another `role` for a calendar, as its owner does in the settings."""
        body = await _body(request)
        if body.get("role") not in ROLES:
            raise invalid(f"Invalid role; it may be {', '.join(ROLES)}.")
        self._standin.store.calendar(str(body.get("id", ""))).access_role = body["role"]
        return _empty_answer()

    async def events(self, request: web.Request) -> web.Response:
        """Return every event of a calendar, or of all of them, deleted ones included."""
        store = self._standin.store
        named = request.query.get("calendar")
        calendars = store.calendars() if named is None else [store.calendar(named)]
        items = [event_resource(event, each) for each in calendars for event in each.events.values()]
        return web.json_response({"items": items})

    async def add_event(self, request: web.Request) -> web.Response:
        """Add an event as the calendar's owner does in Google's interface."""
        body = await _body(request)
        calendar = self._standin.store.calendar(str(body.pop("calendar", "")))
        for name in ("start", "end"):
            body[name] = _boundary(body.get(name), calendar.time_zone.key)
        event = self._standin.store.insert(calendar.id, body, calendar.id)
        return web.json_response(event_resource(event, calendar), status=HTTPStatus.CREATED)

    async def change_event(self, request: web.Request) -> web.Response:
        """Change an event as the calendar's owner does in Google's interface."""
        body = await _body(request)
        calendar = self._standin.store.calendar(request.query.get("calendar", ""))
        for name in {"start", "end"} & set(body):
            # The new boundary replaces the old one, also a date a time and a time a date.
            body[name] = {"date": None, "dateTime": None, **_object(_boundary(body[name], calendar.time_zone.key))}
        event = self._standin.store.patch(calendar.id, request.query.get("id", ""), body)
        return web.json_response(event_resource(event, calendar))

    async def delete_event(self, request: web.Request) -> web.Response:
        """Delete an event as the calendar's owner does in Google's interface."""
        self._standin.store.delete(request.query.get("calendar", ""), request.query.get("id", ""))
        return _empty_answer()


def _boundary(value: object, time_zone: str) -> object:
    """Accept a boundary as plain text: a date, or a time with an offset or in the calendar's zone."""
    if not isinstance(value, str):
        return value
    return {"dateTime": value, "timeZone": time_zone} if "T" in value else {"date": value}


def _object(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _empty_answer() -> web.Response:
    return web.json_response({})


async def _body(request: web.Request) -> Json:
    try:
        content = json.loads(await request.text() or "{}")
    except ValueError as malformed:
        raise bad_request() from malformed
    if not isinstance(content, dict):
        raise bad_request()
    return content
