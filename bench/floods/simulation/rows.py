"""The rows of the table of guards: what each flood sends, and what it may cause."""

import json
from collections.abc import Mapping

from api_gateway_ws.sender import Sender
from bench.floods.simulation.course import (
    DAYS,
    FLOOD_SECONDS,
    FLOODED,
    LIMIT,
    QUIET,
    Course,
    SimulatedFlood,
    list_starts,
)
from bench.floods.simulation.system import HANDLERS
from bench.floods.simulation.visitors import SERVICE, close
from shared.consumer.shares import ShareLimits
from workers.booking.domain.request_budget import WINDOW, compute_window_limit

_SLACK = 10
"""By how much one environment may exceed a budget: leases that come one after the other at its end."""
_SESSION_SLACK = 3
"""Frames of a session that are counted with a later one, because a lease took their write."""
_HISTORY_BYTES = 30_000
_LATEST_SECONDS = 12
"""A question is answered or refused within ten seconds, and a look at the queue."""
_CALENDAR_SECONDS, _FAST_CALENDAR_SECONDS = 2, 1
_FRESH_SECONDS = FLOOD_SECONDS + 2
"""A question that has waited for two seconds is dropped if its visitor has gone."""
_GOOGLE_REQUESTS = 300
_GOOGLE_REQUESTS_OF_EVENTS = 750
"""The others need twenty in ten seconds."""
_MAILS_OF_CONTACT = 10
"""Seven at once, and six a minute."""

Caused = Mapping[str, tuple[float, float]]
"""What a flood caused, each with its bound."""


# --- what the floods send -------------------------------------------------------------------------------------


def _chat(course: Course, flooder: Sender, number: int) -> None:
    course.visitors.send(flooder, "chat.send", {"text": f"Hello {number}"})


def _ask(course: Course, flooder: Sender, number: int) -> None:
    frame_id = f"question-{number}"
    course.asked[flooder.connection_id, frame_id] = course.system.clock.now()
    course.visitors.send(flooder, "booking.slots", {"service": SERVICE, "days": 2}, frame_id)


def _request_with_proof(course: Course, flooder: Sender, number: int) -> None:
    hello = {"last_seq": 0, "capabilities": ["challenge"]}
    course.visitors.send(flooder, "hello", hello)
    request = {
        "start": list_starts(DAYS[number % 4])[number],
        "service": SERVICE,
        "contact": f"o{number}@flood.example",
    }
    course.visitors.send(flooder, "booking.create", request)


def _ask_and_go(course: Course, flooder: Sender, number: int) -> None:
    _ask(course, course.visitors.open(flooder.tenant, flooder.session_id, flooder.source_ip), number)
    close(course.system, [flooder])


def _request_slot(course: Course, flooder: Sender, number: int) -> None:
    request = {"start": list_starts(DAYS[number // 16 % 2])[number % 16], "service": SERVICE}
    course.visitors.send(flooder, "booking.create", {**request, "contact": f"h{number}@flood.example"})


def _move(course: Course, flooder: Sender, number: int) -> None:
    visits = course.visits[flooder.session_id]
    start = list_starts(DAYS[number // 16 % 2])[number % 16]
    data = {"appointment_id": visits[number // len(course.flooders) % len(visits)], "start": start}
    course.visitors.send(flooder, "booking.reschedule", data)


def _move_to_and_fro(course: Course, flooder: Sender, number: int) -> None:
    """Move visits between two days and two others, each to the same position, so that no move meets another visit."""
    round_number, position = divmod(number, len(course.flooders))
    days = DAYS[:2] if round_number % 2 == 0 else DAYS[2:]
    [visit] = course.visits[flooder.session_id]
    start = list_starts(days[position // 16])[position % 16]
    course.visitors.send(flooder, "booking.reschedule", {"appointment_id": visit, "start": start})


def _greet(course: Course, flooder: Sender, number: int) -> None:
    del number
    course.visitors.send(flooder, "hello", {"last_seq": 0})


def _connect(course: Course, flooder: Sender, number: int) -> None:
    del number
    course.counted["registered"] += course.visitors.connect(flooder.tenant, flooder.source_ip)


# --- what they may cause --------------------------------------------------------------------------------------


def _count_queued(course: Course) -> int:
    return sum(course.system.commands.published[flooder.session_id] for flooder in course.flooders)


def _bound_chats_of_session(course: Course) -> Caused:
    return {"messages queued": (_count_queued(course), LIMIT["session.chats"] + _SESSION_SLACK)}


def _bound_chats_of_address(course: Course) -> Caused:
    return {"messages queued": (_count_queued(course), LIMIT["address.chats"] + _SLACK)}


def _bound_chats_of_business(course: Course) -> Caused:
    return {"messages queued": (_count_queued(course), LIMIT["business.chats"] + _SLACK)}


def _bound_mails(course: Course) -> Caused:
    mails = sum(address.startswith("mover0c0@") for address, _ in course.system.mailer.sent)
    return {"e-mails of a contact": (mails - course.counted["mails before"], _MAILS_OF_CONTACT)}


def _bound_held_time(course: Course) -> Caused:
    held = sum(
        (bucket.ends - start).total_seconds() / 60
        for (tenant, _, start), bucket in course.system.appointments.buckets.items()
        if tenant == FLOODED and start.date().isoformat() in DAYS[:2]
    )
    return {"percent of two days held": (100 * held / (2 * 16 * 30), 50)}


def _bound_locked_out(course: Course) -> Caused:
    codes = [
        frame["data"].get("code")
        for connection, text in course.system.poster.posted
        if connection.startswith("tab-flood") and (frame := json.loads(text))["type"] == "error"
    ]
    return {"visitors behind one address who can't book": (codes.count("RATE_LIMITED"), 0)}


def _bound_google_requests(course: Course) -> Caused:
    windows = -(-(course.system.clock.now() - course.began).total_seconds() // WINDOW.total_seconds()) + 1
    limit = windows * compute_window_limit(_GOOGLE_REQUESTS)
    return {"requests to Google": (len(course.system.calendar.calls), limit)}


def _bound_history(course: Course) -> Caused:
    posted = course.system.poster.bytes[course.flooders[0].connection_id]
    return {"bytes posted": (posted, LIMIT["session.hellos"] * _HISTORY_BYTES * 1.2)}


def _bound_connections(course: Course) -> Caused:
    return {"connections registered": (course.counted["registered"], LIMIT["address.connects"] + _SLACK)}


def _bound_waits(course: Course) -> Caused:
    waits = [0.0]
    for (connection, text), at in zip(course.system.poster.posted, course.system.poster.times, strict=True):
        asked = course.asked.get((connection, json.loads(text).get("re", "")))
        waits += [(at - asked).total_seconds()] if asked else []
    return {"seconds until the latest answer": (max(waits), _LATEST_SECONDS)}


def _bound_calendar_calls(course: Course) -> Caused:
    calls = course.system.calendar.calls.count("find_busy_times")
    handlers = HANDLERS * ShareLimits().tenant
    # Each of the others asks for times and books.
    of_others = 2 * course.counted[QUIET]
    return {"calls of the calendar": (calls - of_others, handlers * _FRESH_SECONDS / _FAST_CALENDAR_SECONDS)}


ROWS = (
    SimulatedFlood("one session: chats", 1, 1, 10, _chat, _bound_chats_of_session, neighbours=True),
    SimulatedFlood("one address: chats", 40, 1, 10, _chat, _bound_chats_of_address, neighbours=True),
    SimulatedFlood("one address, five businesses: chats", 40, 1, 10, _chat, tenants=5),
    SimulatedFlood("one business: chats", 200, 200, 25, _chat, _bound_chats_of_business),
    SimulatedFlood("one business: questions", 170, 170, 12, _ask, _bound_waits, calendar_seconds=_CALENDAR_SECONDS),
    SimulatedFlood(
        "one business: questions, then gone",
        170,
        170,
        24,
        _ask_and_go,
        _bound_calendar_calls,
        calendar_seconds=_FAST_CALENDAR_SECONDS,
    ),
    SimulatedFlood("97 addresses: holds", 97, 97, 3, _request_slot, _bound_held_time),
    SimulatedFlood("one address: holds of ten visitors", 10, 1, 1, _request_with_proof, _bound_locked_out),
    SimulatedFlood(
        "one business: questions to Google",
        160,
        160,
        16,
        _ask,
        _bound_google_requests,
        requests_per_minute=_GOOGLE_REQUESTS,
    ),
    SimulatedFlood(
        "20 addresses: moves",
        20,
        20,
        20,
        _move_to_and_fro,
        visits=1,
        others_confirm=True,
        is_calendar_cached=True,
        requests_per_minute=_GOOGLE_REQUESTS_OF_EVENTS,
    ),
    SimulatedFlood("one session: moves", 1, 1, 3, _move, _bound_mails, neighbours=True, visits=3),
    SimulatedFlood(
        "one session: moves without a limit, SES slow",
        1,
        1,
        8,
        _move,
        neighbours=True,
        visits=6,
        contacts=6,
        mail_seconds=3,
        limits="session.commands=200",
    ),
    SimulatedFlood("one address: moves, SES slow", 10, 1, 4, _move, neighbours=True, visits=2, mail_seconds=3),
    SimulatedFlood("one session: hellos", 1, 1, 10, _greet, _bound_history, neighbours=True, history_frames=30),
    SimulatedFlood("one address: connects", 1, 1, 40, _connect, _bound_connections),
)
