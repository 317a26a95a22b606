"""The AsyncAPI 3.0.0 document: every message on the socket and on the queues, from the application's view."""

from typing import Any

from infra.contracts.channels import ANSWERS, SERVERS, build_channels, build_message_key
from infra.contracts.examples import list_examples_of_type
from infra.contracts.schemas import (
    CLIENT,
    COMMANDS,
    FAMILIES,
    NOTICES,
    SERVER,
    Described,
    Family,
    Json,
    describe_family,
)
from shared.messages.limits import PROTOCOL_VERSION

_DIRECTIONS = {
    CLIENT.name: "from the visitor",
    SERVER.name: "to the visitor",
    COMMANDS.name: "on its queue",
    NOTICES.name: "on its queue",
}
_CORRELATION = {CLIENT.name: "clientFrame", SERVER.name: "answeredFrame", COMMANDS.name: "command"}


def build_document() -> Json:
    """Return the whole document."""
    described = {family.name: describe_family(family, _build_reference(family)) for family in FAMILIES}
    return {
        "asyncapi": "3.0.0",
        "id": "urn:stride-chat:api",
        "info": {
            "title": "Stride Chat",
            "version": f"{PROTOCOL_VERSION}.0.0",
            "description": (
                "Chat and booking for service businesses. Changes are additive: whoever reads ignores fields that "
                "it does not know.\n\nMade from the messages' models by `python -m infra.contracts`; do not edit."
            ),
        },
        "defaultContentType": "application/json",
        "servers": SERVERS,
        "channels": build_channels(described),
        "operations": _build_operations(described),
        "components": {
            "messages": {
                build_message_key(family, described, kind): _build_message(family, described, kind)
                for family in FAMILIES
                for kind in described[family.name].names
            },
            "schemas": {
                family.prefix + name: _adapt(schema)
                for family in FAMILIES
                for name, schema in described[family.name].schemas.items()
            },
            "correlationIds": {
                "clientFrame": {
                    "description": "The client's own id of the frame; sent again, it is the same command.",
                    "location": "$message.payload#/id",
                },
                "answeredFrame": {
                    "description": "The id of the client's frame that is answered.",
                    "location": "$message.payload#/re",
                },
                "command": {
                    "description": "SHA-256 over tenant, session and client id; every effect derives from it.",
                    "location": "$message.payload#/id",
                },
            },
        },
    }


def _build_reference(family: Family) -> str:
    return f"#/components/schemas/{family.prefix}{{model}}"


def _build_message(family: Family, described: dict[str, Described], kind: str) -> Json:
    name = described[family.name].names[kind]
    message: Json = {
        "name": kind,
        "title": f"{kind} {_DIRECTIONS[family.name]}",
        "summary": described[family.name].schemas[name]["description"],
        "contentType": "application/json",
        "payload": {"$ref": f"#/components/schemas/{family.prefix}{name}"},
        "examples": [
            {"name": f"{kind}-{number}", "payload": payload}
            for number, payload in enumerate(list_examples_of_type(family, kind), start=1)
        ],
    }
    if family.name in _CORRELATION:
        message["correlationId"] = {"$ref": f"#/components/correlationIds/{_CORRELATION[family.name]}"}
    return message


def _build_operations(described: dict[str, Described]) -> dict[str, Json]:
    """Return one operation per client frame with its answers, and two per queue: sending and receiving."""
    visitor: dict[str, Json] = {
        f"receive{name}": {
            "action": "receive",
            "channel": {"$ref": "#/channels/visitor"},
            "summary": described[CLIENT.name].schemas[name]["description"],
            "messages": _build_channel_references("visitor", [build_message_key(CLIENT, described, kind)]),
            "reply": {
                "channel": {"$ref": "#/channels/visitor"},
                "messages": _build_channel_references(
                    "visitor", [build_message_key(SERVER, described, frame) for frame in ANSWERS[kind]]
                ),
            },
        }
        for kind, name in described[CLIENT.name].names.items()
    }
    frames = [build_message_key(SERVER, described, kind) for kind in described[SERVER.name].names]
    visitor["sendFrames"] = {
        "action": "send",
        "channel": {"$ref": "#/channels/visitor"},
        "summary": "Answers, and durable frames to every live connection of the session.",
        "messages": _build_channel_references("visitor", frames),
    }
    queues: dict[str, Json] = {}
    for channel, noun, source, reader in (
        ("chat.fifo", "ChatCommands", "The ingress", "The chat worker"),
        ("booking.fifo", "BookingCommands", "The ingress", "The booking worker"),
        ("notifications", "Notices", "The booking worker", "The notifications worker"),
    ):
        for action, who in (("send", f"{source} puts them in."), ("receive", f"{reader} takes them out.")):
            queues[action + noun] = {"action": action, "channel": {"$ref": f"#/channels/{channel}"}, "summary": who}
    return {**visitor, **queues}


def _build_channel_references(channel: str, keys: list[str]) -> list[Json]:
    return [{"$ref": f"#/channels/{channel}/messages/{key}"} for key in keys]


def _adapt(schema: Any) -> Any:
    """Return the schema as AsyncAPI's draft 07 schemas have it.

    They ignore siblings of a `$ref`, and a `discriminator` is the name of a property that the schema itself requires:
    the one of OpenAPI, an object beside `oneOf`, makes the document invalid.
    """
    if isinstance(schema, list):
        return [_adapt(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema and len(schema) > 1:
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        return {"allOf": [{"$ref": schema["$ref"]}], **rest}
    return {key: _adapt(value) for key, value in schema.items() if not _is_openapi_discriminator(key, value)}


def _is_openapi_discriminator(key: str, value: Any) -> bool:
    return key == "discriminator" and isinstance(value, dict) and "mapping" in value and "propertyName" in value
