"""The methods of Calendar v3, from an HTTP request to its JSON answer."""

import json
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from http import HTTPStatus

from aiohttp import web

from infra.local.google_calendar.auth import Caller
from infra.local.google_calendar.errors import (
    ApiError,
    Json,
    build_bad_request_error,
    build_forbidden_attendees_error,
    build_insufficient_scopes_error,
    build_invalid_error,
    build_not_found_error,
    build_writer_access_error,
)
from infra.local.google_calendar.events import NO_ROLE, READING_ROLES, Calendar, Event
from infra.local.google_calendar.freebusy import query_busy_times
from infra.local.google_calendar.listing import DEFAULT_PAGE_SIZE, Filters, list_instance_page, list_page
from infra.local.google_calendar.moments import find_zone, parse_instant
from infra.local.google_calendar.partial import select_answer_fields
from infra.local.google_calendar.resources import (
    calendar_to_json,
    calendars_to_json,
    display_event,
    events_to_json,
)
from infra.local.google_calendar.scopes import allows_method
from infra.local.google_calendar.standin import Standin

BASE_PATH = "/calendar/v3"


@dataclass(frozen=True)
class Call:
    """One request by an authenticated caller."""

    request: web.Request
    caller: Caller
    standin: Standin

    @property
    def calendar_id(self) -> str:
        """Return the id of the calendar; `primary` is the caller's own."""
        calendar_id = self.request.match_info["calendarId"]
        return self.caller.email if calendar_id == "primary" else calendar_id

    @property
    def event_id(self) -> str:
        """Return the id of the event."""
        return self.request.match_info["eventId"]

    @property
    def if_match(self) -> str | None:
        """Return the etag of a conditional write, after the hook `before_conditional_writes` has run."""
        etag = self.request.headers.get("If-Match")
        if etag is not None:
            self.standin.before_conditional_writes()
        return etag

    @property
    def zone(self) -> tzinfo | None:
        """Return the zone in which the caller requests times."""
        name = self.request.query.get("timeZone")
        return None if name is None else find_zone(name, build_invalid_error("Invalid time zone.", "timeZone"))

    async def read_body(self) -> Json:
        """Read the request's JSON object."""
        try:
            content = json.loads(await self.request.text() or "{}")
        except ValueError as malformed:
            raise ApiError(HTTPStatus.BAD_REQUEST, "parseError", "Parse Error") from malformed
        if not isinstance(content, dict):
            raise build_bad_request_error()
        return content

    @property
    def calendar(self) -> Calendar:
        """Return the calendar; one that is not shared looks as if it did not exist."""
        calendar = self.standin.store.get_calendar(self.calendar_id)
        if calendar.access_role == NO_ROLE:
            raise build_not_found_error()
        return calendar

    def require_writer(self) -> None:
        """Refuse callers that may only read the calendar."""
        if self.calendar.access_role in READING_ROLES:
            raise build_writer_access_error()

    async def read_event_body(self) -> Json:
        """Read an event; a service account that acts for no user may not invite attendees."""
        self.require_writer()
        content = await self.read_body()
        if content.get("attendees") and self.caller.subject is None:
            raise build_forbidden_attendees_error()
        return content

    def build_answer(self, event: Event) -> web.Response:
        """Answer with an event and its etag as a header."""
        resource = display_event(event, self.calendar, self.zone)
        return web.json_response(resource, headers={"ETag": event.etag})


Handler = Callable[[Call], Awaitable[web.Response]]


async def insert_event(call: Call) -> web.Response:
    """Carry out `events.insert`."""
    body = await call.read_event_body()
    return call.build_answer(call.standin.store.insert_event(call.calendar_id, body, call.caller.email))


async def get_event(call: Call) -> web.Response:
    """Carry out `events.get`."""
    event = call.standin.store.get_event(call.calendar.id, call.event_id)
    if call.request.headers.get("If-None-Match") == event.etag:
        return web.Response(status=HTTPStatus.NOT_MODIFIED, headers={"ETag": event.etag})
    return call.build_answer(event)


async def patch_event(call: Call) -> web.Response:
    """Carry out `events.patch`."""
    body = await call.read_event_body()
    store = call.standin.store
    return call.build_answer(store.patch_event(call.calendar_id, call.event_id, body, if_match=call.if_match))


async def update_event(call: Call) -> web.Response:
    """Carry out `events.update`."""
    body = await call.read_event_body()
    store = call.standin.store
    return call.build_answer(store.replace_event(call.calendar_id, call.event_id, body, if_match=call.if_match))


async def delete_event(call: Call) -> web.Response:
    """Carry out `events.delete`."""
    call.require_writer()
    call.standin.store.delete_event(call.calendar_id, call.event_id, if_match=call.if_match)
    return web.Response(status=HTTPStatus.NO_CONTENT)


async def list_events(call: Call) -> web.Response:
    """Carry out `events.list`."""
    standin, filters = call.standin, _parse_filters(call.request)
    calendar = call.calendar
    page = list_page(
        calendar, filters, now=standin.store.now(), epoch=standin.sync_epoch, max_page_size=standin.max_page_size
    )
    return web.json_response(events_to_json(page, calendar, call.zone, show_deleted=filters.show_deleted))


async def list_instances(call: Call) -> web.Response:
    """Carry out `events.instances`: those of one series, in order; cancelled ones only on request."""
    standin, calendar = call.standin, call.calendar
    page = list_instance_page(
        calendar,
        standin.store.get_event(calendar.id, call.event_id),
        _parse_filters(call.request),
        original=call.request.query.get("originalStart"),
        max_page_size=standin.max_page_size,
    )
    return web.json_response(events_to_json(page, calendar, call.zone, show_deleted=True))


async def query_freebusy(call: Call) -> web.Response:
    """Carry out `freebusy.query`."""
    return web.json_response(query_busy_times(call.standin.store, await call.read_body()))


async def get_calendar(call: Call) -> web.Response:
    """Carry out `calendars.get`."""
    return web.json_response(calendar_to_json(call.calendar))


async def list_calendars(call: Call) -> web.Response:
    """Carry out `calendarList.list`."""
    shared = [each for each in call.standin.store.list_calendars() if each.access_role != NO_ROLE]
    return web.json_response(calendars_to_json(shared))


METHODS: tuple[tuple[str, str, str, Handler], ...] = (
    ("POST", "freeBusy", "calendar.freebusy.query", query_freebusy),
    ("GET", "users/me/calendarList", "calendar.calendarList.list", list_calendars),
    ("GET", "calendars/{calendarId}", "calendar.calendars.get", get_calendar),
    ("GET", "calendars/{calendarId}/events", "calendar.events.list", list_events),
    ("POST", "calendars/{calendarId}/events", "calendar.events.insert", insert_event),
    ("GET", "calendars/{calendarId}/events/{eventId}", "calendar.events.get", get_event),
    ("GET", "calendars/{calendarId}/events/{eventId}/instances", "calendar.events.instances", list_instances),
    ("PATCH", "calendars/{calendarId}/events/{eventId}", "calendar.events.patch", patch_event),
    ("PUT", "calendars/{calendarId}/events/{eventId}", "calendar.events.update", update_event),
    ("DELETE", "calendars/{calendarId}/events/{eventId}", "calendar.events.delete", delete_event),
)


def build_api_routes(standin: Standin) -> Iterable[web.RouteDef]:
    """Return the routes of every method; all other paths of the API are not found."""
    for verb, path, method, handler in METHODS:
        yield web.route(verb, f"{BASE_PATH}/{path}", _build_handler(standin, method, handler), name=None)
    yield web.route("*", BASE_PATH + "/{anything:.*}", _answer_not_found)


def _build_handler(
    standin: Standin,
    method: str,
    handler: Handler,
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def serve(request: web.Request) -> web.StreamResponse:
        caller = standin.authority.authenticate(request.headers.get("Authorization"))
        if not allows_method(caller.scopes, method):
            raise build_insufficient_scopes_error()
        call = Call(request, caller, standin)
        target = _build_target(request, method)
        fault = standin.faults.take_matching(target)
        if fault is None:
            return select_answer_fields(await handler(call), request.query.get("fields"), method)
        if fault.applied:
            await handler(call)
        return await standin.faults.apply(fault, request, target)

    return serve


def _build_target(request: web.Request, method: str) -> str:
    """Return the name of the call in the faults."""
    if method == "calendar.events.list":
        return "sync" if "syncToken" in request.query or request.query.get("showDeleted") == "true" else "list"
    return "freebusy" if method == "calendar.freebusy.query" else "events"


async def _answer_not_found(_request: web.Request) -> web.Response:
    raise build_not_found_error()


def _parse_filters(request: web.Request) -> Filters:
    def moment(name: str) -> datetime | None:
        return parse_instant(parameters[name], build_bad_request_error()) if name in parameters else None

    parameters = request.query
    order_by = parameters.get("orderBy")
    if order_by not in {None, "startTime", "updated"}:
        raise build_invalid_error("Invalid string value for orderBy.", "orderBy")
    if not parameters.get("maxResults", "1").removeprefix("-").isdecimal():
        raise build_invalid_error("Invalid integer value for maxResults.", "maxResults")
    return Filters(
        time_min=moment("timeMin"),
        time_max=moment("timeMax"),
        updated_min=moment("updatedMin"),
        show_deleted=parameters.get("showDeleted") == "true",
        order_by=order_by,
        ical_uid=parameters.get("iCalUID"),
        text=parameters.get("q"),
        private=tuple(parameters.getall("privateExtendedProperty", [])),
        shared=tuple(parameters.getall("sharedExtendedProperty", [])),
        max_results=int(parameters.get("maxResults", DEFAULT_PAGE_SIZE)),
        page_token=parameters.get("pageToken"),
        sync_token=parameters.get("syncToken"),
        single_events=parameters.get("singleEvents") == "true",
    )
