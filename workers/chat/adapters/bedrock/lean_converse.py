"""`ConverseStream` without botocore's generated serialiser and parser, which take most of the time of an event."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from aiobotocore.credentials import AioCredentials
from botocore.eventstream import ParserError
from botocore.exceptions import ClientError, EventStreamError
from botocore.utils import get_token_from_environment
from pydantic_core import from_json

from shared.aws.call_signer import CallSigner
from shared.aws.clients import AwsClients, Credentials
from shared.aws.http_stream import HttpStreamPool, StreamedAnswer
from shared.aws.json_calls import supports_lean_calls
from shared.clock import Clock
from shared.json_objects import parse_json_object
from shared.settings import Transport
from workers.chat.adapters.bedrock.event_stream import EventMessage, EventStreamDecoder
from workers.chat.adapters.bedrock.events import find_words

_SERVICE = "bedrock"
"""The name in signatures, also of Bedrock Runtime."""

_OPERATION = "ConverseStream"
_CREDENTIALS_SECONDS = 5.0
_MAX_ERROR_BYTES = 64 * 1024


class LeanConverse:
    """Has the method of botocore's client that is used here: the same arguments, events and errors, without messages.

    It repeats nothing, except what a connection that was closed while it was idle has cost, and has no time-out for
    events: both are the callers'.
    """

    def __init__(self, http: HttpStreamPool, *, region: str, credentials: AioCredentials | None, clock: Clock) -> None:
        self._http = http
        self._signer = CallSigner(service=_SERVICE, region=region, host=http.host, credentials=credentials, clock=clock)

    async def converse_stream(self, *, modelId: str, **fields: Any) -> dict[str, Any]:  # noqa: N803 - botocore's name
        """Return the response with its `stream` of events, which the caller closes.

        Raises:
            ClientError: the service refused the call.
            OSError: the connection failed.
        """
        path, body = f"/model/{quote(modelId, safe='')}/converse-stream", json.dumps(fields).encode()
        headers = await self._signer.sign_post(
            path, {"Content-Type": "application/json"}, body, deadline_seconds=_CREDENTIALS_SECONDS
        )
        answer = await self._http.post(headers, body, path=path)
        if answer.status == HTTPStatus.OK:
            return {"stream": ConverseEvents(answer)}
        try:
            raise _build_client_error(answer, await _read_error(answer))
        finally:
            answer.close()


class ConverseEvents:
    """The events of one answer, each a mapping of its type to its content, as botocore's stream has them.

    Words of one block that came together are one event.
    """

    def __init__(self, answer: StreamedAnswer) -> None:
        self._answer = answer
        self._decoder = EventStreamDecoder()
        self._next: dict[str, Any] | ClientError | ParserError | None = None
        """What was decoded after the words before it."""

    def __aiter__(self) -> "ConverseEvents":
        return self

    async def __anext__(self) -> dict[str, Any]:
        """Return the next event.

        Raises:
            EventStreamError: the service has ended the answer with an exception.
            ParserError: what came is no event, or damaged.
            OSError: the connection ended before the answer did.
        """
        while (event := self._take_event()) is None:
            if not (data := await self._answer.read()):
                if not self._decoder.is_empty:
                    raise ParserError("the answer ends within an event")
                raise StopAsyncIteration
            self._decoder.add(data)
        return event

    def _take_event(self) -> dict[str, Any] | None:
        """Return the next event of those that have come, with the words that follow in the same block."""
        event, self._next = self._next or self._decode_event(), None
        if isinstance(event, Exception):
            raise event
        if event is None or (words := find_words(event)) is None:
            return event
        joined = [words.text]
        while (following := self._decode_event()) is not None:
            more = None if isinstance(following, Exception) else find_words(following)
            if more is None or more.block != words.block:
                self._next = following
                break
            joined.append(more.text)
        if len(joined) > 1:
            event = {"contentBlockDelta": {"contentBlockIndex": words.block, "delta": {"text": "".join(joined)}}}
        return event

    def _decode_event(self) -> dict[str, Any] | ClientError | ParserError | None:
        """Return the next event, or the error that ends the answer: what came before it is an event of its own."""
        try:
            message = self._decoder.read_message()
            return None if message is None else _parse_event(message)
        except (ClientError, ParserError) as error:
            return error

    def close(self) -> None:
        """Give the connection back, or end it if the answer was not read to its end."""
        self._answer.close()


async def open_converse(
    clients: AwsClients,
    client: Any,
    *,
    credentials: Credentials | None,
    clock: Clock,
    transport: Transport,
) -> Any:
    """Return a client with `converse_stream` and the transport of the settings; `client` is botocore's.

    `credentials` sign instead of the default ones. An API key of Bedrock (`AWS_BEARER_TOKEN_BEDROCK`) is left to
    botocore, which prefers it to a signature; so are a proxy and an endpoint with a path.
    """
    has_api_key = get_token_from_environment(_SERVICE) is not None
    if transport != "lean" or has_api_key or not supports_lean_calls(client.meta.endpoint_url):
        return client
    return LeanConverse(
        await clients.enter_context(HttpStreamPool(client.meta.endpoint_url, ca_file=clients.find_ca_file())),
        region=client.meta.region_name,
        credentials=await clients.get_credentials() if credentials is None else credentials.to_signing_credentials(),
        clock=clock,
    )


def _parse_event(message: EventMessage) -> dict[str, Any]:
    kind = message.headers.get(":message-type")
    if kind == "event":
        return {message.headers.get(":event-type", ""): _parse_content(message.payload)}
    if kind in {"exception", "error"}:
        # An error has a code that the service's model does not list.
        code = message.headers.get(":exception-type" if kind == "exception" else ":error-code", "")
        raise EventStreamError({"Error": {"Code": code, "Message": ""}}, _OPERATION)
    raise ParserError("no event")


def _parse_content(payload: bytes) -> dict[str, Any]:
    content = parse_json_object(payload, parse=from_json)
    if content is None:
        # It refuses half a surrogate pair, with which an event may end: the next one begins with the other half.
        content = parse_json_object(payload)
    if content is None:
        raise ParserError("an event is no JSON object")
    return content


async def _read_error(answer: StreamedAnswer) -> bytes:
    content = b""
    while len(content) < _MAX_ERROR_BYTES and (data := await answer.read()):
        content += data
    return content


def _build_client_error(answer: StreamedAnswer, body: bytes) -> ClientError:
    response: Any = {
        "Error": {"Code": _find_code(answer.headers, body) or str(answer.status), "Message": ""},
        "ResponseMetadata": {"HTTPStatusCode": answer.status, "HTTPHeaders": answer.headers},
    }
    return ClientError(response, _OPERATION)


def _find_code(headers: Mapping[str, str], body: bytes) -> str:
    """Return the code of an error, as the protocol has it.

    https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#operation-error-serialization
    """
    problem = parse_json_object(body, parse=from_json) or {}
    code = headers.get("x-amzn-errortype") or problem.get("code") or problem.get("__type") or ""
    return str(code).partition(":")[0].rpartition("#")[2]
