"""Signed calls to an AWS service that speaks JSON, without botocore's generated serialiser and parser.

Credentials, their refresh, the endpoint and the certificates are botocore's.
"""

from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from aiobotocore.credentials import AioCredentials
from botocore.exceptions import ClientError
from pydantic_core import from_json

from shared.aws.call_signer import CallSigner
from shared.aws.http_pool import Answer, HttpPool
from shared.clock import Clock
from shared.json_objects import parse_json_object

_CONTENT_TYPE = "application/x-amz-json-1.0"


class JsonCalls:
    """Signed calls to one service over one pool of connections."""

    def __init__(
        self,
        *,
        http: HttpPool,
        service: str,
        target: str,
        region: str,
        credentials: AioCredentials | None,
        clock: Clock,
    ) -> None:
        """Take the service's name in signatures, and the one in `X-Amz-Target`."""
        self._http = http
        self._target = target
        self._signer = CallSigner(service=service, region=region, host=http.host, credentials=credentials, clock=clock)

    async def send(self, action: str, body: bytes, *, deadline_seconds: float) -> Answer:
        """Return the answer, whose status is 200.

        Raises:
            ClientError: the service refused the call, as botocore would raise it.
            TimeoutError: no answer within the deadline.
            OSError: the connection failed.
        """
        named = {"Content-Type": _CONTENT_TYPE, "X-Amz-Target": f"{self._target}.{action}"}
        headers = await self._signer.sign_post("/", named, body, deadline_seconds=deadline_seconds)
        answer = await self._http.post(headers, body, deadline_seconds=deadline_seconds)
        if answer.status != HTTPStatus.OK:
            raise _build_client_error(action, answer)
        return answer


def parse_content(answer: Answer) -> dict[str, Any]:
    """Return the JSON object of an answer; an empty one has none.

    Raises:
        OSError: the answer is no JSON object.
    """
    content = parse_json_object(answer.body, parse=from_json) if answer.body else {}
    if content is None:
        raise ConnectionError("the answer is no JSON object")
    return content


def supports_lean_calls(endpoint_url: str) -> bool:
    """Return whether lean calls work with this address: they support neither a proxy nor a path."""
    return not needs_proxy(endpoint_url) and urlsplit(endpoint_url).path in {"", "/"}


def needs_proxy(endpoint_url: str) -> bool:
    """Return whether an address is reached through a proxy of the environment."""
    address = urlsplit(endpoint_url)
    return address.scheme in getproxies() and not proxy_bypass(address.hostname or "")


def _build_client_error(action: str, answer: Answer) -> ClientError:
    problem = parse_json_object(answer.body, parse=from_json) or {}
    # The older name, which botocore prefers too: `AWS.SimpleQueueService.NonExistentQueue;Sender`.
    older = answer.headers.get(b"x-amzn-query-error", b"").decode("latin-1").partition(";")[0]
    code = older or str(problem.pop("__type", "")).rpartition("#")[2] or str(answer.status)
    # Further fields say more, such as why a transaction was cancelled; the message may repeat what was sent.
    more = {name: value for name, value in problem.items() if name not in {"message", "Message"}}
    response: Any = {
        **more,
        "Error": {"Code": code, "Message": ""},
        "ResponseMetadata": {"HTTPStatusCode": answer.status},
    }
    return ClientError(response, action)
