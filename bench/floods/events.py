"""Events of API Gateway, as the functions of the edge receive them."""

from typing import Any

ORIGIN = "https://studio-lumen.example"


def build_frame_event(
    body: str, *, tenant: str, session_id: str, connection_id: str, source_ip: str, **grant: str
) -> dict[str, Any]:
    """Return the event of one frame."""
    context = {"tenant": tenant, "session_id": session_id, "locale": "en", "resume": "new", **grant}
    return {"body": body, "requestContext": build_context("MESSAGE", connection_id, source_ip, context)}


def build_connect_event(
    *, tenant: str, session_id: str, connection_id: str, source_ip: str, **grant: str
) -> dict[str, Any]:
    """Return the event of a connection that the authorizer has admitted."""
    context = {"tenant": tenant, "session_id": session_id, "locale": "en", "resume": "new", **grant}
    return {"requestContext": build_context("CONNECT", connection_id, source_ip, context)}


def build_context(kind: str, connection_id: str, source_ip: str, grant: dict[str, str]) -> dict[str, Any]:
    """Return the request context of an event of the ingress."""
    return {
        "eventType": kind,
        "connectionId": connection_id,
        "authorizer": grant,
        "identity": {"sourceIp": source_ip},
    }


def build_authorizer_event(*, tenant: str, source_ip: str, token: str = "") -> dict[str, Any]:
    """Return the event that the authorizer receives at `$connect`."""
    return {
        "methodArn": "arn:aws:execute-api:eu-central-1:000000000000:api/live/$connect",
        "headers": {"Origin": ORIGIN},
        "queryStringParameters": {"tenant": tenant, **({"session": token} if token else {})},
        "requestContext": {"identity": {"sourceIp": source_ip}},
    }
