"""Access to the state of the stack for tests: rows, calendar events, e-mails, dead letters, calls of the model."""

import asyncio
import json
import re
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from infra.local.seed import read_demo_profile
from infra.local.stack import Stack
from tests.deadlines import DEADLINE_SECONDS

DEFAULT_PACE = {"tokens_per_second": 200, "first_token_ms": 50}
"""The default speed of the model's stand-in; `conftest.py` starts it with the same."""

_CODE = re.compile(r"\b(\d{6})\b")
_deserialise = TypeDeserializer().deserialize


def get_appointment_id(event: dict[str, Any]) -> str | None:
    """Return which appointment a calendar event is of; None for one of the owner's own."""
    found: str | None = event.get("extendedProperties", {}).get("private", {}).get("appointment_id")
    return found


class Backstage:
    """Reads and controls the emulator and the stand-ins."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._addresses = stack.describe()
        self.profile = read_demo_profile(stack.options.tenant)

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Return every row of a table."""
        pages = (
            self._stack.client("dynamodb").get_paginator("scan").paginate(TableName=self._addresses["tables"][table])
        )
        return [{name: _deserialise(value) for name, value in item.items()} for page in pages for item in page["Items"]]

    def appointments(self, session_id: str) -> list[dict[str, Any]]:
        """Return a session's appointments."""
        return [row for row in self.rows("appointments") if row["session_id"] == session_id]

    def emails(self, address: str) -> list[dict[str, Any]]:
        """Return the e-mails that went to an address, oldest first."""
        return [email for email in self.all_emails() if address in email["To"]]

    def all_emails(self) -> list[dict[str, Any]]:
        """Return the e-mails to everybody, oldest first."""
        received = _get(f"{self._addresses['aws_endpoint_url']}/_ministack/ses/messages")["messages"]
        return [email for account in received.values() for email in account]

    async def email(self, address: str, *, number: int = 1) -> dict[str, Any]:
        """Wait for the n-th e-mail to an address, and return it."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            while len(emails := self.emails(address)) < number:
                await asyncio.sleep(0.05)
        return emails[number - 1]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition holds."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not condition():
                await asyncio.sleep(0.05)

    async def code(self, address: str, *, number: int = 1) -> str:
        """Return the code in the address's n-th e-mail."""
        found = _CODE.search((await self.email(address, number=number))["Subject"])
        assert found, "the e-mail's subject has no code"
        return found.group(1)

    def events(self, appointment_id: str) -> list[dict[str, Any]]:
        """Return the calendar events of an appointment that are not deleted."""
        return [event for event in self.all_events() if get_appointment_id(event) == appointment_id]

    def all_events(self) -> list[dict[str, Any]]:
        """Return the calendar events of all appointments and of the owner that are not deleted."""
        calendar = urllib.parse.quote(self.profile.calendar_id)
        answer = _get(f"{self._calendar}/_standin/events?calendar={calendar}")
        events = answer["items"] if isinstance(answer, dict) else answer
        return [event for event in events if event.get("status") != "cancelled"]

    async def event(self, appointment_id: str) -> dict[str, Any]:
        """Wait until the calendar has the one event of an appointment in its version, and return it."""

        def is_synced() -> bool:
            [row] = [row for row in self.rows("appointments") if row["appointment_id"] == appointment_id]
            events = self.events(appointment_id)
            return [event["extendedProperties"]["private"]["version"] for event in events] == [str(row["version"])]

        await self.until(is_synced)
        [event] = self.events(appointment_id)
        return event

    def block_calendar(self, start: str, end: str) -> None:
        """Create an event in the calendar, as the owner does."""
        body = {"calendar": self.profile.calendar_id, "start": start, "end": end, "summary": "Dentist"}
        _post(f"{self._calendar}/_standin/events", body)

    def owner_moves(self, event: dict[str, Any], start: str, end: str) -> None:
        """Move an event, as the owner does."""
        _post(self._event(event), {"start": start, "end": end}, method="PATCH")

    def owner_deletes(self, event: dict[str, Any]) -> None:
        """Delete an event, as the owner does."""
        _post(self._event(event), {}, method="DELETE")

    def _event(self, event: dict[str, Any]) -> str:
        query = urllib.parse.urlencode({"calendar": self.profile.calendar_id, "id": event["id"]})
        return f"{self._calendar}/_standin/events?{query}"

    def sync_calendars(self, at: datetime | None = None) -> None:
        """Send the tick that starts a sync of all calendars, as the EventBridge rule does each minute.

        By default it is that of the next quarter of an hour, which reads the calendars of closed businesses, too: tests
        also run at night.
        """
        if at is None:
            now = datetime.now(UTC)
            at = now.replace(minute=now.minute - now.minute % 15, second=0, microsecond=0) + timedelta(minutes=15)
        tick = {"version": 1, "type": "calendar.tick", "id": str(uuid.uuid4()), "tenant": "*", "data": {}}
        tick |= {"session_id": "calendars", "accepted_at": at.isoformat(), "locale": "en"}
        self.send("booking", json.dumps(tick), group="calendars")

    def reminders(self, session_id: str) -> list[datetime]:
        """Return the times of a session's planned reminders, in order."""
        client, group = self._stack.client("scheduler"), self._stack.outputs["ScheduleGroup"]
        listed = client.list_schedules(GroupName=group, MaxResults=100)["Schedules"]
        schedules = [client.get_schedule(Name=entry["Name"], GroupName=entry["GroupName"]) for entry in listed]
        return sorted(
            datetime.fromisoformat(schedule["ScheduleExpression"][3:-1]).replace(tzinfo=UTC)
            for schedule in schedules
            if schedule["Target"]["SqsParameters"]["MessageGroupId"] == session_id
        )

    def calendar_fault(self, **rule: Any) -> None:
        """Make the calendar's stand-in return errors or stall."""
        _post(f"{self._calendar}/_standin/faults", rule)

    def clear_calendar_faults(self) -> None:
        """Let the calendar's stand-in answer as usual from the next request on."""
        _post(f"{self._calendar}/_standin/faults", {}, method="DELETE")

    def calendar_faults_are_over(self) -> bool:
        """Return whether all requested faults have occurred."""
        return _get(f"{self._calendar}/_standin/faults")["pending"] == []

    def control_calendar(self, path: str, **body: Any) -> None:
        """Send a control request to the calendar's stand-in: `keys/revoke`, `keys/restore`, `calendars/share`."""
        _post(f"{self._calendar}/_standin/{path}", body)

    def share_calendar(self, role: str) -> None:
        """Give the service account another role on the demo business's calendar."""
        self.control_calendar("calendars/share", id=self.profile.calendar_id, role=role)

    def bedrock(self, path: str, body: dict[str, Any]) -> None:
        """Send a control request to the model's stand-in: `faults`, `script`, `pace`."""
        _post(f"{self._addresses['bedrock_url']}/_standin/{path}", body)

    def model_calls(self) -> int:
        """Return how often the model was called."""
        return int(_get(f"{self._addresses['bedrock_url']}/_standin/calls")["count"])

    async def failure(self, matches: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait for a row of the failure ledger that matches, and return it."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not (found := [row for row in self.rows("failures") if matches(row)]):
                await asyncio.sleep(0.1)
        return found[0]

    def dead_letters(self, queue: str) -> list[dict[str, Any]]:
        """Receive and delete all messages of a dead-letter queue."""
        sqs, url = self._stack.client("sqs"), self._addresses["queues"][f"{queue}_dlq"]
        found: list[dict[str, Any]] = []
        while batch := sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], WaitTimeSeconds=0
        ).get("Messages"):
            for message in batch:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                found.append(message)
        return found

    def send(self, queue: str, body: str, *, group: str) -> None:
        """Put a raw message on a queue."""
        self._stack.client("sqs").send_message(
            QueueUrl=self._addresses["queues"][queue],
            MessageBody=body,
            MessageGroupId=group,
            **({"MessageDeduplicationId": str(hash(body))} if queue != "notifications" else {}),
        )

    def secret(self, output: str) -> str:
        """Return the text of a secret of the template."""
        secret_id = self._stack.outputs[output]
        text: str = self._stack.client("secretsmanager").get_secret_value(SecretId=secret_id)["SecretString"]
        return text

    @property
    def _calendar(self) -> str:
        return str(self._addresses["calendar_url"]).removesuffix("/calendar/v3/")


def _get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=DEADLINE_SECONDS) as answer:  # noqa: S310 - an address of this machine
        return json.load(answer)


def _post(url: str, body: dict[str, Any], *, method: str = "POST") -> None:
    request = urllib.request.Request(  # noqa: S310 - an address of this machine
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}, method=method
    )
    with urllib.request.urlopen(request, timeout=DEADLINE_SECONDS):  # noqa: S310
        pass
