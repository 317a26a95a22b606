"""Translates events of API Gateway for the ingress."""

from typing import Any

from api_gateway_ws.adapters.http_connection import limit_calls_of_event
from api_gateway_ws.ingress import Ingress
from api_gateway_ws.sender import Sender
from shared.instants import from_milliseconds
from shared.log import log_fields


def serve_event(event: dict[str, Any], ingress: Ingress, *, trace_header: str | None = None) -> dict[str, Any]:
    """Process one event, as a step of the trace of the invocation; the body that is returned is the route response."""
    request = event["requestContext"]
    sender = _parse_sender(request)
    trace = ingress.parse_or_begin_trace(trace_header)
    fields = {"session_id": sender.session_id, "connection_id": sender.connection_id, "trace_id": trace.root}
    with limit_calls_of_event(), log_fields(tenant=sender.tenant, **fields):
        match request["eventType"]:
            case "CONNECT":
                ingress.register_connection(sender)
            case "DISCONNECT":
                ingress.remove_connection(sender)
            case _:
                # A binary frame comes as base64, which must not be taken for what somebody wrote.
                text = None if event.get("isBase64Encoded") else event.get("body") or ""
                answer = ingress.answer_frame(text, sender, trace=trace)
                if answer is not None:
                    return {"statusCode": 200, "body": answer.to_wire_text()}
    return {"statusCode": 200}


def _parse_sender(request: dict[str, Any]) -> Sender:
    grant, connected_at = request["authorizer"], request.get("connectedAt")
    return Sender(
        tenant=grant["tenant"],
        session_id=grant["session_id"],
        connection_id=request["connectionId"],
        locale=grant["locale"],
        resume=grant["resume"],
        source_ip=request.get("identity", {}).get("sourceIp", ""),
        is_rotation_due=grant.get("rotation") == "due",
        connected_at=from_milliseconds(connected_at) if isinstance(connected_at, int) else None,
        limited_until=from_milliseconds(int(grant["limited_until"])) if "limited_until" in grant else None,
        rates=grant.get("rates", ""),
    )
