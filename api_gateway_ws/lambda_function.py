"""The Lambda entry points: they translate AWS events for the ingress and its authorizer.

Both functions import this module, and each builds only itself: in the init phase, in which Lambda gives it a whole
processor.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import structlog

from api_gateway_ws.authorizer import ConnectAuthorizer, ConnectRequest
from api_gateway_ws.sender import Sender
from api_gateway_ws.settings import is_running_handler, read_lambda_trace_header
from shared.lambda_start import Start, StartError
from shared.log import log_fields

if TYPE_CHECKING:
    from api_gateway_ws.ingress import Ingress

log = structlog.get_logger()


def _build_ingress() -> "Ingress":
    from api_gateway_ws.wiring import build_ingress  # noqa: PLC0415 - the authorizer does not need it

    return build_ingress()


def _build_authorizer() -> ConnectAuthorizer:
    from api_gateway_ws.authorizer_wiring import build_authorizer  # noqa: PLC0415 - an import that fails is a failed start

    return build_authorizer()


_ingress = Start(_build_ingress, component="ingress")
_authorizer = Start(_build_authorizer, component="authorizer")


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Serve `$connect`, `$disconnect` and `$default`; the body that is returned is the route response."""
    return serve_event(event, _ingress.get(), trace_header=read_lambda_trace_header())


def serve_event(event: dict[str, Any], ingress: "Ingress", *, trace_header: str | None = None) -> dict[str, Any]:
    """Process one event, as a step of the trace of the invocation."""
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


def authorizer(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer a `$connect` REQUEST authorizer with an allow or a deny policy."""
    return build_connect_policy(event, _authorizer.get)


def build_connect_policy(event: dict[str, Any], open_authorizer: Callable[[], ConnectAuthorizer]) -> dict[str, Any]:
    """Return the policy for one event.

    It is a deny also when the authorizer can't be built, because an exception would be a 500 for the client.
    """
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    query = event.get("queryStringParameters") or {}
    request = ConnectRequest(
        tenant=query.get("tenant") or "",
        origin=headers.get("origin"),
        token=query.get("session"),
        locale=query.get("locale"),
        accept_language=headers.get("accept-language"),
    )
    try:
        granted = open_authorizer().authorize(request)
    except StartError:
        granted = None  # it has been logged, when logging was perhaps not configured
    except Exception:
        log.exception("authorizer_failed")
        granted = None
    return {
        "principalId": granted.session_id if granted else "nobody",
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Action": "execute-api:Invoke",
                    "Effect": "Allow" if granted else "Deny",
                    "Resource": event["methodArn"],
                }
            ],
        },
        "context": (
            {
                "tenant": granted.tenant,
                "session_id": granted.session_id,
                "resume": granted.resume,
                "locale": granted.locale,
            }
            if granted
            else {}
        ),
    }


def _parse_sender(request: dict[str, Any]) -> Sender:
    grant = request["authorizer"]
    return Sender(
        tenant=grant["tenant"],
        session_id=grant["session_id"],
        connection_id=request["connectionId"],
        locale=grant["locale"],
        resume=grant["resume"],
        source_ip=request.get("identity", {}).get("sourceIp", ""),
    )


if is_running_handler("handler"):
    _ingress.attempt()
if is_running_handler("authorizer"):
    _authorizer.attempt()
