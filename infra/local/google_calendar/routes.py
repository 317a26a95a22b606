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
    bad_request,
    forbidden_for_service_accounts,
    insufficient_scopes,
    invalid,
    not_found,
    writer_access_required,
)
from infra.local.google_calendar.freebusy import query_busy_times
from infra.local.google_calendar.listing import DEFAULT_PAGE_SIZE, Filters, list_page
from infra.local.google_calendar.moments import find_zone, parse_instant
from infra.local.google_calendar.partial import partial_answer
from infra.local.google_calendar.resources import (
    calendar_list,
    calendar_resource,
    event_list,
    event_resource,
)
from infra.local.google_calendar.scopes import allows_method
from infra.local.google_calendar.standin import Standin
from infra.local.google_calendar.store import READING_ROLES, Event

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
        return None if name is None else find_zone(name, invalid("Invalid time zone.", "timeZone"))

    async def body(self) -> Json:
        """Read the request's JSON object."""
        try:
            content = json.loads(await self.request.text() or "{}")
        except ValueError as malformed:
            raise ApiError(HTTPStatus.BAD_REQUEST, "parseError", "Parse Error") from malformed
        if not isinstance(content, dict):
            raise bad_request()
        return content

    def require_writer(self) -> None:
        """Refuse callers that may only read the calendar."""
        if self.standin.store.calendar(self.calendar_id).access_role in READING_ROLES:
            raise writer_access_required()

    async def event_body(self) -> Json:
        """Read an event; a service account that acts for no user may not invite attendees."""
        self.require_writer()
        content = await self.body()
        if content.get("attendees") and self.caller.subject is None:
            raise forbidden_for_service_accounts()
        return content

    def answer(self, event: Event) -> web.Response:
        """Answer with an event and its etag as a header."""
        calendar = self.standin.store.calendar(self.calendar_id)
        resource = event_resource(event, calendar, self.zone)
        return web.json_response(resource, headers={"ETag": event.etag})


Handler = Callable[[Call], Awaitable[web.Response]]


async def insert(call: Call) -> web.Response:
    """Carry out `events.insert`."""
    body = await call.event_body()
    return call.answer(call.standin.store.insert(call.calendar_id, body, call.caller.email))


async def get(call: Call) -> web.Response:
    """Carry out `events.get`."""
    event = call.standin.store.get(call.calendar_id, call.event_id)
    if call.request.headers.get("If-None-Match") == event.etag:
        return web.Response(status=HTTPStatus.NOT_MODIFIED, headers={"ETag": event.etag})
    return call.answer(event)


async def patch(call: Call) -> web.Response:
    """Carry out `events.patch`."""
    body = await call.event_body()
    store = call.standin.store
    return call.answer(store.patch(call.calendar_id, call.event_id, body, if_match=call.if_match))


async def update(call: Call) -> web.Response:
    """Carry out `events.update`."""
    body = await call.event_body()
    store = call.standin.store
    return call.answer(store.replace(call.calendar_id, call.event_id, body, if_match=call.if_match))


async def delete(call: Call) -> web.Response:
    """Carry out `events.delete`."""
    call.require_writer()
    call.standin.store.delete(call.calendar_id, call.event_id, if_match=call.if_match)
    return web.Response(status=HTTPStatus.NO_CONTENT)


async def list_events(call: Call) -> web.Response:
    """Carry out `events.list`."""
    standin, filters = call.standin, _filters(call.request)
    calendar = standin.store.calendar(call.calendar_id)
    page = list_page(
        calendar, filters, now=standin.store.now(), epoch=standin.sync_epoch, max_page_size=standin.max_page_size
    )
    return web.json_response(event_list(page, calendar, call.zone, show_deleted=filters.show_deleted))


async def freebusy(call: Call) -> web.Response:
    """Carry out `freebusy.query`."""
    return web.json_response(query_busy_times(call.standin.store, await call.body()))


async def get_calendar(call: Call) -> web.Response:
    """Carry out `calendars.get`."""
    return web.json_response(calendar_resource(call.standin.store.calendar(call.calendar_id)))


async def list_calendars(call: Call) -> web.Response:
    """Carry out `calendarList.list`."""
    return web.json_response(calendar_list(call.standin.store.calendars()))


METHODS: tuple[tuple[str, str, str, Handler], ...] = (
    ("POST", "freeBusy", "calendar.freebusy.query", freebusy),
    ("GET", "users/me/calendarList", "calendar.calendarList.list", list_calendars),
    ("GET", "calendars/{calendarId}", "calendar.calendars.get", get_calendar),
    ("GET", "calendars/{calendarId}/events", "calendar.events.list", list_events),
    ("POST", "calendars/{calendarId}/events", "calendar.events.insert", insert),
    ("GET", "calendars/{calendarId}/events/{eventId}", "calendar.events.get", get),
    ("PATCH", "calendars/{calendarId}/events/{eventId}", "calendar.events.patch", patch),
    ("PUT", "calendars/{calendarId}/events/{eventId}", "calendar.events.update", update),
    ("DELETE", "calendars/{calendarId}/events/{eventId}", "calendar.events.delete", delete),
)


def api_routes(standin: Standin) -> Iterable[web.RouteDef]:
    """Return the routes of every method; all other paths of the API are not found."""
    for verb, path, method, handler in METHODS:
        yield web.route(verb, f"{BASE_PATH}/{path}", _make_handler(standin, method, handler), name=None)
    yield web.route("*", BASE_PATH + "/{anything:.*}", _answer_not_found)


def _make_handler(
    standin: Standin,
    method: str,
    handler: Handler,
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def serve(request: web.Request) -> web.StreamResponse:
        caller = standin.authority.authenticate(request.headers.get("Authorization"))
        if not allows_method(caller.scopes, method):
            raise insufficient_scopes()
        call = Call(request, caller, standin)
        target = _target(request, method)
        fault = standin.faults.take(target)
        if fault is None:
            return partial_answer(await handler(call), request.query.get("fields"), method)
        if fault.applied:
            await handler(call)
        return await standin.faults.strike(fault, request, target)

    return serve


def _target(request: web.Request, method: str) -> str:
    """Return the name of the call in the faults."""
    if method == "calendar.events.list":
        return "sync" if "syncToken" in request.query or request.query.get("showDeleted") == "true" else "list"
    return "freebusy" if method == "calendar.freebusy.query" else "events"


async def _answer_not_found(_request: web.Request) -> web.Response:
    raise not_found()


def _filters(request: web.Request) -> Filters:
    def moment(name: str) -> datetime | None:
        return parse_instant(parameters[name], bad_request()) if name in parameters else None

    parameters = request.query
    order_by = parameters.get("orderBy")
    if order_by not in {None, "startTime", "updated"}:
        raise invalid("Invalid string value for orderBy.", "orderBy")
    if not parameters.get("maxResults", "1").removeprefix("-").isdecimal():
        raise invalid("Invalid integer value for maxResults.", "maxResults")
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
