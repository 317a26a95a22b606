"""The answer of the authorizer to API Gateway."""

from typing import TYPE_CHECKING, Any

from shared.instants import to_milliseconds

if TYPE_CHECKING:
    from api_gateway_ws.authorizer import ConnectGrant


def build_connect_policy(event: dict[str, Any], grant: "ConnectGrant | None") -> dict[str, Any]:
    """Return the policy that allows the connection, with the grant as its context; without a grant, one that denies it.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-lambda-auth.html
    """
    context = {}
    if grant:
        context = {
            "tenant": grant.tenant,
            "session_id": grant.session_id,
            "resume": grant.resume,
            "locale": grant.locale,
            **({"limited_until": str(to_milliseconds(grant.limited_until))} if grant.limited_until else {}),
            **({"rotation": "due"} if grant.is_rotation_due else {}),
            **({"rates": grant.rates} if grant.rates else {}),
        }
    statement = {
        "Action": "execute-api:Invoke",
        "Effect": "Allow" if grant else "Deny",
        "Resource": event["methodArn"],
    }
    return {
        "principalId": grant.session_id if grant else "nobody",
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": context,
    }
