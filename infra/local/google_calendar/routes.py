"""The calls of Calendar v3, from an HTTP request to the JSON of its answer."""

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
from infra.local.google_calendar.freebusy import query
from infra.local.google_calendar.listing import DEFAULT_PAGE, Filters, listed
from infra.local.google_calendar.moments import instant, zone
from infra.local.google_calendar.partial import partial_answer
from infra.local.google_calendar.resources import (
    calendar_list,
    calendar_resource,
    event_list,
    event_resource,
)
from infra.local.google_calendar.scopes import opens
from infra.local.google_calendar.standin import Standin
from infra.local.google_calendar.store import READING_ROLES, Event

BASE_PATH = "/calendar/v3"


@dataclass(frozen=True)
class Call:
    """One request by a known caller."""

    request: web.Request
    caller: Caller
    standin: Standin

    @property
    def calendar_id(self) -> str:
        """Give the calendar that is meant; `primary` is the caller's own."""
        named = self.request.match_info["calendarId"]
        return self.caller.email if named == "primary" else named

    @property
    def event_id(self) -> str:
        """Give the event that is meant."""
        return self.request.match_info["eventId"]

    @property
    def if_match(self) -> str | None:
        """Give the etag that must still be true, once somebody else had a chance to write."""
        etag = self.request.headers.get("If-Match")
        if etag is not None:
            self.standin.before_conditional_writes()
        return etag

    @property
    def zone(self) -> tzinfo | None:
        """Give the zone the caller wants times in."""
        name = self.request.query.get("timeZone")
        return None if name is None else zone(name, invalid("Invalid time zone.", "timeZone"))

    async def body(self) -> Json:
        """Read the request's JSON object."""
        try:
            content = json.loads(await self.request.text() or "{}")
        except ValueError as malformed:
            raise ApiError(HTTPStatus.BAD_REQUEST, "parseError", "Parse Error") from malformed
        if not isinstance(content, dict):
            raise bad_request()
        return content

    def must_be_writer(self) -> None:
        """Refuse who may only read."""
        if self.standin.store.calendar(self.calendar_id).access_role in READING_ROLES:
            raise writer_access_required()

    async def event_body(self) -> Json:
        """Read an event; a service account that speaks for itself may not invite anybody."""
        self.must_be_writer()
        content = await self.body()
        if content.get("attendees") and self.caller.subject is None:
            raise forbidden_for_service_accounts()
        return content

    def answer(self, event: Event) -> web.Response:
        """Answer with an event, its etag also as a header."""
        calendar = self.standin.store.calendar(self.calendar_id)
        resource = event_resource(event, calendar, self.zone)
        return web.json_response(resource, headers={"ETag": event.etag})


Handler = Callable[[Call], Awaitable[web.Response]]


async def insert(call: Call) -> web.Response:
    """Do `events.insert`."""
    body = await call.event_body()
    return call.answer(call.standin.store.insert(call.calendar_id, body, call.caller.email))


async def get(call: Call) -> web.Response:
    """Do `events.get`."""
    event = call.standin.store.get(call.calendar_id, call.event_id)
    if call.request.headers.get("If-None-Match") == event.etag:
        return web.Response(status=HTTPStatus.NOT_MODIFIED, headers={"ETag": event.etag})
    return call.answer(event)


async def patch(call: Call) -> web.Response:
    """Do `events.patch`."""
    body = await call.event_body()
    store = call.standin.store
    return call.answer(store.patch(call.calendar_id, call.event_id, body, if_match=call.if_match))


async def update(call: Call) -> web.Response:
    """Do `events.update`."""
    body = await call.event_body()
    store = call.standin.store
    return call.answer(store.replace(call.calendar_id, call.event_id, body, if_match=call.if_match))


async def delete(call: Call) -> web.Response:
    """Do `events.delete`."""
    call.must_be_writer()
    call.standin.store.delete(call.calendar_id, call.event_id, if_match=call.if_match)
    return web.Response(status=HTTPStatus.NO_CONTENT)


async def list_events(call: Call) -> web.Response:
    """Do `events.list`."""
    standin, filters = call.standin, _filters(call.request)
    calendar = standin.store.calendar(call.calendar_id)
    page = listed(
        calendar, filters, now=standin.store.now(), epoch=standin.sync_epoch, largest_page=standin.largest_page
    )
    return web.json_response(event_list(page, calendar, call.zone, show_deleted=filters.show_deleted))


async def freebusy(call: Call) -> web.Response:
    """Do `freebusy.query`."""
    return web.json_response(query(call.standin.store, await call.body()))


async def get_calendar(call: Call) -> web.Response:
    """Do `calendars.get`."""
    return web.json_response(calendar_resource(call.standin.store.calendar(call.calendar_id)))


async def list_calendars(call: Call) -> web.Response:
    """Do `calendarList.list`."""
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
    """Give the routes of every method; whatever else is asked of the API is not found."""
    for verb, path, method, handler in METHODS:
        yield web.route(verb, f"{BASE_PATH}/{path}", _served(standin, method, handler), name=None)
    yield web.route("*", BASE_PATH + "/{anything:.*}", _nothing_there)


def _served(
    standin: Standin,
    method: str,
    handler: Handler,
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def serve(request: web.Request) -> web.StreamResponse:
        caller = standin.authority.caller(request.headers.get("Authorization"))
        if not opens(caller.scopes, method):
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
    """Give what a fault calls the call."""
    if method == "calendar.events.list":
        return "sync" if "syncToken" in request.query or request.query.get("showDeleted") == "true" else "list"
    return "freebusy" if method == "calendar.freebusy.query" else "events"


async def _nothing_there(_request: web.Request) -> web.Response:
    raise not_found()


def _filters(request: web.Request) -> Filters:
    def moment(name: str) -> datetime | None:
        return instant(given[name], bad_request()) if name in given else None

    given = request.query
    order_by = given.get("orderBy")
    if order_by not in {None, "startTime", "updated"}:
        raise invalid("Invalid string value for orderBy.", "orderBy")
    if not given.get("maxResults", "1").removeprefix("-").isdecimal():
        raise invalid("Invalid integer value for maxResults.", "maxResults")
    return Filters(
        time_min=moment("timeMin"),
        time_max=moment("timeMax"),
        updated_min=moment("updatedMin"),
        show_deleted=given.get("showDeleted") == "true",
        order_by=order_by,
        ical_uid=given.get("iCalUID"),
        text=given.get("q"),
        private=tuple(given.getall("privateExtendedProperty", [])),
        shared=tuple(given.getall("sharedExtendedProperty", [])),
        max_results=int(given.get("maxResults", DEFAULT_PAGE)),
        page_token=given.get("pageToken"),
        sync_token=given.get("syncToken"),
        single_events=given.get("singleEvents") == "true",
    )
