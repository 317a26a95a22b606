"""Translates events of API Gateway for the authorizer."""

from typing import Any

import structlog

from api_gateway_ws.adapters.http_connection import limit_calls_of_event
from api_gateway_ws.authorizer import ConnectAuthorizer, ConnectRequest
from api_gateway_ws.connect_policy import build_connect_policy

log = structlog.get_logger()


def authorize_event(event: dict[str, Any], authorizer: ConnectAuthorizer) -> dict[str, Any]:
    """Return the policy for an event; after an error it is a deny, because an exception would be a 500 for the page."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    query = event.get("queryStringParameters") or {}
    request = ConnectRequest(
        tenant=query.get("tenant") or "",
        origin=headers.get("origin"),
        token=query.get("session"),
        locale=query.get("locale"),
        accept_language=headers.get("accept-language"),
        source_ip=event.get("requestContext", {}).get("identity", {}).get("sourceIp", ""),
    )
    try:
        with limit_calls_of_event():
            grant = authorizer.authorize(request)
    except Exception:
        log.exception("authorizer_failed")
        grant = None
    return build_connect_policy(event, grant)
