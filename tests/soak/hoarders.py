"""Strangers who request every time of a business and enter no code, on the queue of a running stack."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import altcha

from infra.local.seed import read_demo_profile
from infra.local.stack import Stack
from shared.aws.items import from_item
from shared.ids import derive_command_key, new_id
from shared.messages.client import BookingCreateData
from shared.messages.commands import BookingCreate
from tests.e2e.visitor import Visitor
from workers.booking.adapters.altcha_challenges import AltchaChallenges
from workers.booking.domain.openings import OpeningTimes

SERVICE = "pilates"
"""An hour, without buffers and questions."""

BATCH = 10
DRAINED_WITHIN_SECONDS = 600


@dataclass(frozen=True)
class Hoarders:
    """What a business sees of them: as many addresses, in one network of a provider, or each in its own."""

    name: str
    share_network: bool
    solve: bool = False
    addresses: int = 97

    def choose_address(self, number: int) -> str:
        """Return the address of a request."""
        address = number % self.addresses
        return f"203.0.{address % 8}.{address + 1}" if self.share_network else f"{60 + address}.{number % 7}.1.9"


def build_request(
    tenant: str, start: str, number: int, hoarders: Hoarders, challenges: AltchaChallenges
) -> BookingCreate:
    """Return the command of one session and contact, as the ingress writes it; perhaps with a proof."""
    session, client_id, now = new_id(), "b-1", datetime.now(UTC)
    key = derive_command_key(tenant, session, client_id)
    return BookingCreate(
        id=key,
        tenant=tenant,
        session_id=session,
        client_id=client_id,
        connection_id="gone",
        accepted_at=now,
        locale="en",
        source_ip=hoarders.choose_address(number),
        data=BookingCreateData(start=start, contact=f"bot{number}@example.com", service=SERVICE),
        proof=solve(challenges.issue(key, at=now).model_dump(exclude_none=True)) if hoarders.solve else None,
        takes_proof=True,
    )


def solve(challenge: dict[str, Any]) -> str:
    """Return the proof, by the library's client."""
    parsed = altcha.Challenge.from_dict(challenge)
    solution = altcha.solve_challenge(parsed)
    assert solution is not None
    return altcha.Payload(parsed, solution).to_base64()


async def hoard(stack: Stack, tenant: str, starts: Sequence[str], hoarders: Hoarders) -> float:
    """Request all times at once, and return the seconds until all requests have ended."""
    secret = stack.client("secretsmanager").get_secret_value(SecretId=stack.worker_environment["CODE_KEY_SECRET_ID"])
    # What they would compute takes minutes here, and is not what is measured.
    challenges = AltchaChallenges(secret=secret["SecretString"].encode(), tries=1)
    sqs, url = stack.client("sqs"), stack.queues["booking"]
    begun = asyncio.get_running_loop().time()
    for first in range(0, len(starts), BATCH):
        commands = [
            build_request(tenant, start, first + index, hoarders, challenges)
            for index, start in enumerate(starts[first : first + BATCH])
        ]
        entries = [
            {
                "Id": str(index),
                "MessageBody": command.model_dump_json(by_alias=True),
                "MessageGroupId": command.session_id,
                "MessageDeduplicationId": command.id,
            }
            for index, command in enumerate(commands)
        ]
        assert not sqs.send_message_batch(QueueUrl=url, Entries=entries).get("Failed")
    async with asyncio.timeout(DRAINED_WITHIN_SECONDS):
        while count_messages(sqs, url):
            await asyncio.sleep(0.5)
    return asyncio.get_running_loop().time() - begun


def count_messages(sqs: Any, url: str) -> int:
    """Return how many messages wait or are processed."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)
    return sum(map(int, answer["Attributes"].values()))


async def list_starts(visitor: Visitor) -> list[str]:
    """Return all free times of the service that do not overlap, as a visitor gets them."""
    starts: list[datetime] = []
    request: dict[str, Any] = {"service": SERVICE, "days": 60}
    while True:
        answer = await visitor.ask("booking.slots", request, "booking.slots")
        for slot in answer["data"]["slots"]:
            start = datetime.fromisoformat(slot["start"])
            if not starts or start >= starts[-1] + timedelta(hours=1):
                starts.append(start)
        if not (following := answer["data"].get("next_from")):
            return [start.isoformat() for start in starts]
        request["from"] = following


def measure_held_minutes(stack: Stack, tenant: str) -> dict[str, tuple[int, int]]:
    """Return how many minutes of each date are held, by the rows of appointments, and how many it is open."""
    profile = read_demo_profile("studio-lumen")
    minutes: Counter[date] = Counter()
    for row in scan(stack, stack.tables["appointments"]):
        if (row["tenant"], row["state"]) == (tenant, "held"):
            minutes[datetime.fromisoformat(row["start"]).astimezone(profile.zone).date()] += 60
    openings = OpeningTimes(profile)
    return {
        day.isoformat(): (
            held,
            sum(each.end - each.first for each in openings.list_openings(day.toordinal(), None)) // 60,
        )
        for day, held in minutes.items()
    }


def scan(stack: Stack, table: str) -> Iterator[dict[str, Any]]:
    """Yield all rows of a table."""
    for page in stack.client("dynamodb").get_paginator("scan").paginate(TableName=table):
        yield from map(from_item, page["Items"])


async def book_day(visitor: Visitor, day: str, contact: str) -> tuple[str, dict[str, Any], float]:
    """Request free times of a day, one after the other; return how that ended, the last frame and the seconds."""
    begun = asyncio.get_running_loop().time()
    listed = await visitor.ask("booking.slots", {"service": SERVICE, "from": day, "days": 1}, "booking.slots")
    answer: dict[str, Any] = {}
    for slot in listed["data"]["slots"]:
        request = {"start": slot["start"], "service": SERVICE, "contact": contact}
        answer = await visitor.ask("booking.create", request, "booking.pending", frame_id=f"b-{new_id()}")
        if answer["data"].get("code") == "CHALLENGE_REQUIRED":
            proof = await asyncio.to_thread(solve, answer["data"]["challenge"])
            fields = {"frame_id": answer["re"], "proof": proof}
            answer = await visitor.ask("booking.create", request, "booking.pending", **fields)
        if answer["data"].get("code") != "SLOT_TAKEN":
            break
    outcome = answer["data"].get("code", "held") if answer else "no time is free"
    return outcome, answer, asyncio.get_running_loop().time() - begun


def describe(seconds: Sequence[float]) -> str:
    """Return the median and the longest of some times."""
    ordered = sorted(seconds)
    return json.dumps({"median_s": round(ordered[len(ordered) // 2], 2), "max_s": round(ordered[-1], 2)})
