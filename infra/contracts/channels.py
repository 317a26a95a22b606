"""The parts of the AsyncAPI document that the models lack: servers, channels, and the answers to each frame."""

from infra.contracts.schemas import CLIENT, COMMANDS, NOTICES, SERVER, Described, Family, Json

DURABLE_FRAMES = (
    "chat.sent",
    "chat.final",
    "booking.pending",
    "booking.confirmed",
    "booking.cancelled",
    "booking.rescheduled",
    "session.ended",
    "error",
)

ANSWERS: dict[str, tuple[str, ...]] = {
    "hello": ("welcome", *DURABLE_FRAMES, "presence"),
    "chat.send": ("ack", "typing", "progress", "chat.sent", "chat.delta", "chat.final", "error"),
    "chat.stop": ("chat.final", "error"),
    "chat.feedback": ("ack", "error"),
    "handover.request": ("ack", "chat.final", "error"),
    "booking.slots": ("booking.slots", "error"),
    "booking.create": ("ack", "booking.pending", "error"),
    "booking.verify": ("ack", "booking.confirmed", "error"),
    "booking.resend": ("ack", "booking.pending", "booking.confirmed", "error"),
    "booking.lookup": ("booking.details", "error"),
    "booking.cancel": ("ack", "booking.cancelled", "error"),
    "booking.reschedule": ("ack", "booking.rescheduled", "booking.confirmed", "booking.pending", "error"),
    "transcript.request": ("ack", "chat.final", "error"),
    "session.end": ("ack", "session.ended", "error"),
    "ping": ("pong",),
}
"""The frames that may answer a client's frame; `re` contains its id."""

_REGION: Json = {"default": "eu-central-1", "description": "Where the stack is deployed."}

SERVERS: dict[str, Json] = {
    "websocket": {
        "host": "{api}.execute-api.{region}.amazonaws.com",
        "protocol": "wss",
        "title": "WebSocket API",
        "description": (
            "Frames are JSON text, at most 24 KB. The connection ends after 10 minutes without a frame and after two "
            "hours in all; the session outlives it. The local stack speaks the same over `ws://` on 127.0.0.1."
        ),
        "variables": {
            "api": {"default": "a1b2c3d4e5", "description": "The id of the deployed API."},
            "region": _REGION,
        },
        "bindings": {"ws": {}},
    },
    "queues": {
        "host": "sqs.{region}.amazonaws.com",
        "protocol": "sqs",
        "title": "Queues",
        "description": "At least once; what must not happen twice is kept from it by the command's id.",
        "variables": {"region": _REGION},
        "bindings": {"sqs": {}},
    },
}

_CONNECT: Json = {
    "method": "GET",
    "query": {
        "type": "object",
        "required": ["tenant"],
        "properties": {
            "tenant": {"type": "string", "pattern": "^[a-z0-9-]{3,40}$", "description": "The business's public key."},
            "session": {
                "type": "string",
                "description": (
                    "The token from the last `welcome`, to come back. An expired one opens a new session; a forged "
                    "one is answered with 403."
                ),
            },
            "locale": {"type": "string", "maxLength": 35, "description": "The visitor's language, such as `pl-PL`."},
        },
    },
    "headers": {
        "type": "object",
        "properties": {
            "Origin": {
                "type": "string",
                "description": "The page's origin; it must be on the business's list, else the answer is 403.",
            },
            "Accept-Language": {"type": "string", "description": "Used where the query names no language."},
        },
    },
    "bindingVersion": "0.1.0",
}


def build_channels(described: dict[str, Described]) -> dict[str, Json]:
    """Return all channels; `described` has the models by the name of their family."""
    commands = tuple(described[COMMANDS.name].names)
    chat = tuple(kind for kind in commands if kind.startswith(("chat.", "handover.")))
    booking = tuple(kind for kind in commands if kind not in chat)
    return {
        "visitor": {
            "address": "/{stage}",
            "title": "A visitor's socket",
            "description": (
                "One conversation. A text that is no JSON object, array or `null` is the older protocol: "
                "`BOOK_APPOINTMENT:datetime,contact,service`, `VERIFY_APPOINTMENT:id,code`, or a chat message. "
                "What begins with `{` is always read as JSON."
            ),
            "servers": [{"$ref": "#/servers/websocket"}],
            "parameters": {"stage": {"default": "live", "description": "The stage of the deployed API."}},
            "messages": {**_build_messages(CLIENT, described), **_build_messages(SERVER, described)},
            "bindings": {"ws": _CONNECT},
        },
        "chat.fifo": _build_queue_channel(
            "chat.fifo",
            "Commands for the assistant; the group is the session.",
            COMMANDS,
            described,
            chat,
        ),
        "booking.fifo": _build_queue_channel(
            "booking.fifo",
            "Commands about appointments and whole sessions, of visitors and of our own; the group is the session.",
            COMMANDS,
            described,
            booking,
        ),
        "notifications": _build_queue_channel(
            "notifications",
            "Notices to people; the group is the tenant, so that a busy one does not hold up the others.",
            NOTICES,
            described,
            tuple(described[NOTICES.name].names),
        ),
    }


def build_message_key(family: Family, described: dict[str, Described], kind: str) -> str:
    """Return the key of a message in the document."""
    return family.prefix + described[family.name].names[kind]


def _build_messages(
    family: Family, described: dict[str, Described], kinds: tuple[str, ...] | None = None
) -> dict[str, Json]:
    keys = [build_message_key(family, described, kind) for kind in kinds or described[family.name].names]
    return {key: {"$ref": f"#/components/messages/{key}"} for key in keys}


def _build_queue_channel(
    name: str, description: str, family: Family, described: dict[str, Described], kinds: tuple[str, ...]
) -> Json:
    stem, dot, suffix = name.partition(".")
    fifo = {"deduplicationScope": "messageGroup", "fifoThroughputLimit": "perMessageGroupId"} if dot else {}
    return {
        "address": f"{{prefix}}-{name}",
        "title": f"The {stem} queue",
        "description": description,
        "servers": [{"$ref": "#/servers/queues"}],
        "parameters": {"prefix": {"default": "stride", "description": "Tells the stacks of one account apart."}},
        "messages": _build_messages(family, described, kinds),
        "bindings": {
            "sqs": {
                "queue": {"name": f"stride-{name}", "fifoQueue": bool(dot), **fifo},
                "deadLetterQueue": {"name": f"stride-{stem}-dlq{dot}{suffix}", "fifoQueue": bool(dot), **fifo},
                "bindingVersion": "0.2.0",
            }
        },
    }
