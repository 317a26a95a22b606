"""A real message of every type that the workers take from their queues."""

import json

from tests.fakes.envelopes import command_body

TENANT = "salon-ania"
TOPIC = "arn:aws:sns:eu-central-1:123456789012:stride-feedback"
APPOINTMENT = "0123456789abcdefghijklmnopqrstuv"

COMMANDS = {
    "chat.send": {"text": "How much is a massage?"},
    "handover.request": {"note": "My parcel has not arrived.", "contact": "jan@example.com"},
    "booking.slots": {},
    "booking.create": {"start": "2026-01-13T10:00", "contact": "jan@example.com", "service": "massage"},
    "booking.verify": {"appointment_id": APPOINTMENT, "code": "123456"},
    "booking.resend": {"appointment_id": APPOINTMENT},
    "booking.lookup": {"appointment_id": APPOINTMENT},
    "booking.cancel": {"appointment_id": APPOINTMENT},
    "booking.reschedule": {"appointment_id": APPOINTMENT, "start": "2026-01-13T12:00"},
    "transcript.request": {},
    "session.end": {},
    "booking.remind": {"appointment_id": APPOINTMENT, "start": "2026-01-13T09:00:00Z", "hours_before": 24},
    "booking.plan_reminders": {"appointment_id": APPOINTMENT, "start": "2026-01-13T09:00:00Z"},
    "booking.settle_entry": {"appointment_id": APPOINTMENT, "version": 2},
    "booking.query": {"about": "visits"},
    "calendar.tick": {},
    "calendar.sync": {"calendar_id": "calendar"},
    "calendar.changed": {"appointment_id": APPOINTMENT},
}

_ICS = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n"
NOTICES = {
    "notice.code": {"send_number": 1, "expires_at": "2026-01-12T12:15:00Z"},
    "notice.confirmed": {"ics": _ICS},
    "notice.cancelled": {"ics": _ICS},
    "notice.rescheduled": {"ics": _ICS},
    "notice.reminder": {"hours_before": 24},
    "notice.choose_again": {},
    "notice.transcript": {"data": {"contact": "jan@example.com", "until_seq": 3}},
    "notice.alert": {"data": {"reason": "calendar_access_revoked", "advice": "Share the calendar again."}},
}
_FACTS = {
    "appointment_id": APPOINTMENT,
    "contact": "jan@example.com",
    "name": "Jan",
    "service": "massage",
    "service_name": "Masaż",
    "start": "2026-01-13T09:00:00Z",
    "end": "2026-01-13T10:00:00Z",
}


def command(kind: str, *, replay: int = 0) -> str:
    """Return a command as it is queued; each type has a session of its own."""
    return command_body(f"k-{kind}", session=f"s-{kind}", tenant=TENANT, type=kind, data=COMMANDS[kind], replay=replay)


def notice(kind: str, *, replay: int = 0, number: int = 1) -> str:
    """Return a notice as it is queued; each number is another notice."""
    content = {
        "id": f"n-{kind}-{number}",
        "type": kind,
        "tenant": TENANT,
        "session_id": f"s-{kind}",
        "locale": "pl",
        "accepted_at": "2026-01-12T12:00:00Z",
        "data": _FACTS,
        "replay": replay,
    }
    return json.dumps(content | NOTICES[kind])


def bounce() -> str:
    """Return what SES reports about an address, as its topic puts it on the feedback queue."""
    event = {
        "eventType": "Bounce",
        "bounce": {"bounceType": "Permanent", "bounceSubType": "General", "timestamp": "2026-01-12T11:59:00.000Z"},
        "mail": {"destination": ["gone@example.com"]},
    }
    return json.dumps(
        {
            "Type": "Notification",
            "MessageId": "3f0c1a52-7d3e-4f57-9f60-0a4b5b2d8c11",
            "TopicArn": TOPIC,
            "Message": json.dumps(event),
            "Timestamp": "2026-01-12T11:59:00.000Z",
        }
    )


def queue_url(name: str) -> str:
    """Return the URL of a queue or a dead-letter queue by the name of its setting."""
    return f"https://sqs.example/{name}{'.fifo' if name.startswith(('chat', 'booking')) else ''}"


def build_messages(name: str, *, replay: int = 0) -> list[tuple[str, str]]:
    """Return a real message of every type that a worker takes, each with the setting of its queue."""
    commands = [(kind, command(kind, replay=replay)) for kind in COMMANDS]
    notices = [notice(kind, replay=replay) for kind in NOTICES]
    chat = [body for kind, body in commands if kind.startswith(("chat", "handover"))]
    booking = [body for kind, body in commands if not kind.startswith(("chat", "handover"))]
    by_queue = {
        "chat": {"chat_queue_url": chat},
        "booking": {"booking_queue_url": booking},
        "notifications": {
            "notifications_queue_url": notices,
            "codes_queue_url": [notice("notice.code", replay=replay, number=2)],
            "feedback_queue_url": [] if replay else [bounce()],
        },
        "failures": {"chat_dlq_url": chat, "booking_dlq_url": booking, "notifications_dlq_url": notices},
    }
    return [(queue_url(setting), body) for setting, bodies in by_queue[name].items() for body in bodies]
