"""The recorder around the emulator: what it counts, and that it changes nothing else."""

import json

from infra.local.call_recorder import CallRecorder

SIGNED = [
    (b"authorization", b"AWS4-HMAC-SHA256 Credential=test/20260101/eu-central-1/dynamodb/aws4_request"),
    (b"x-amz-target", b"DynamoDB_20120810.UpdateItem"),
]
UPDATE = {"TableName": "stride-limits"}


class FakeEmulator:
    """Answers each request like DynamoDB, and echoes WebSocket messages."""

    def __init__(self):
        self.received = []
        """The bodies as they were sent, which the emulator checks the signature of."""
        self.handled = []
        """The bodies that came to the handler."""
        self.handle = self.answer

    async def answer(self, method, path, headers, body, query):
        self.handled.append(json.loads(body))
        return 200, {}, b'{"ConsumedCapacity": {"CapacityUnits": 2.0}}'

    async def __call__(self, scope, receive, send):
        if scope["type"] == "websocket":
            message = await receive()
            await send({"type": "websocket.send", "text": message["text"]})
            return
        body, is_complete = b"", False
        while not is_complete:
            event = await receive()
            body, is_complete = body + event["body"], not event.get("more_body")
        self.received.append(json.loads(body))
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        status, _headers, body = await self.handle(scope["method"], scope["path"], headers, body, {})
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": body})


async def request(recorder, method="POST", path="/", headers=(), body=b""):
    """Send a body in two pieces, and return the answer's body."""
    events = [
        {"type": "http.request", "body": body[10:]},
        {"type": "http.request", "body": body[:10], "more_body": True},
    ]
    sent = []

    async def receive():
        return events.pop()

    async def send(event):
        sent.append(event)

    scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": list(headers)}
    await recorder(scope, receive, send)
    return b"".join(event.get("body", b"") for event in sent)


async def update(recorder):
    return await request(recorder, headers=SIGNED, body=json.dumps(UPDATE).encode())


async def calls(recorder):
    return json.loads(await request(recorder, "GET", "/_calls"))["calls"]


async def test_calls_are_counted_with_the_units_that_the_emulator_reports():
    """It is asked for them behind the check of signatures, and only while calls are recorded."""
    emulator = FakeEmulator()
    recorder = CallRecorder(emulator)
    emulator.handle = recorder.ask_for_capacity(emulator.handle)
    await update(recorder)
    await request(recorder, "POST", "/_calls")
    assert b"ConsumedCapacity" in await update(recorder)
    await update(recorder)
    assert await calls(recorder) == {"dynamodb UpdateItem limits": {"calls": 2, "write_units": 4}}
    assert emulator.received == [UPDATE] * 3
    assert emulator.handled == [UPDATE] + [{**UPDATE, "ReturnConsumedCapacity": "TOTAL"}] * 2


async def test_a_new_recording_begins_at_nothing():
    """What was called before is not part of it."""
    recorder = CallRecorder(FakeEmulator())
    for _ in range(2):
        await request(recorder, "POST", "/_calls")
        await update(recorder)
    assert await calls(recorder) == {"dynamodb UpdateItem limits": {"calls": 1, "write_units": 2}}


async def test_messages_of_a_socket_are_counted_in_both_directions():
    """An outgoing message has the type of its frame."""
    recorder = CallRecorder(FakeEmulator())
    await request(recorder, "POST", "/_calls")

    async def receive():
        return {"type": "websocket.receive", "text": '{"type": "pong"}'}

    async def send(event):
        pass

    await recorder({"type": "websocket"}, receive, send)
    assert await calls(recorder) == {
        "apigateway message in": {"calls": 1},
        "apigateway message out pong": {"calls": 1},
    }


async def test_an_invocation_is_running_until_it_ends():
    """Whoever counts a step has to wait for the invocations that it started."""
    recorder = CallRecorder(FakeEmulator())
    await request(recorder, "POST", "/_calls")
    with recorder.record_invocation("stride-chat") as record_log:
        record_log("żuk")
        during = json.loads(await request(recorder, "GET", "/_calls"))
    after = json.loads(await request(recorder, "GET", "/_calls"))
    assert (during["running"], after["running"]) == (1, 0)
    assert after["calls"] == {"lambda Invoke chat": {"calls": 1, "log_bytes": 4}}
