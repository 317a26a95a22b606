"""Translates events of API Gateway for the ingress."""

from typing import Any

from api_gateway_ws.ingress import Ingress
from api_gateway_ws.sender import Sender
from shared.log import log_fields


def serve_event(event: dict[str, Any], ingress: Ingress, *, trace_header: str | None = None) -> dict[str, Any]:
    """Process one event, as a step of the trace of the invocation; the body that is returned is the route response."""
    request = event["requestContext"]
    sender = _parse_sender(request)
    trace = ingress.parse_or_begin_trace(trace_header)
    with log_fields(
        tenant=sender.tenant,
        session_id=sender.session_id,
        connection_id=sender.connection_id,
        trace_id=trace.root,
    ):
        match request["eventType"]:
            case "CONNECT":
                ingress.register_connection(sender)
            case "DISCONNECT":
                ingress.remove_connection(sender)
            case _:
                answer = ingress.answer_frame(event.get("body") or "", sender, trace=trace)
                if answer is not None:
                    return {"statusCode": 200, "body": answer.to_wire_text()}
    return {"statusCode": 200}


def _parse_sender(request: dict[str, Any]) -> Sender:
    grant = request["authorizer"]
    return Sender(
        tenant=grant["tenant"],
        session_id=grant["session_id"],
        connection_id=request["connectionId"],
        locale=grant["locale"],
        resume=grant["resume"],
        source_ip=request.get("identity", {}).get("sourceIp", ""),
        is_rotation_due=grant.get("rotation") == "due",
    )
