"""Two visitors, one of them an attacker, and a model that obeys whatever any text of a prompt orders."""

import json
import time
from datetime import datetime, timedelta

from infra.local.bedrock.in_process import InProcessClient
from infra.local.bedrock.standin import StandIn
from shared.messages.errors import ErrorCode
from shared.messages.server import (
    BookingConfirmed,
    BookingConfirmedData,
    BookingPending,
    BookingPendingData,
    ChatFinal,
    ChatFinalData,
    ChatSent,
    ChatSentData,
    Error,
    ErrorData,
)
from tests.contracts.bedrock.client import HAIKU
from workers.chat.adapters.bedrock.model import BedrockModel
from workers.chat.domain.tool import Tool, ToolResult
from workers.chat.wiring import list_tools

SECRETS = ("Kobalt-7731", "5ec7e75ec7e75ec7e75ec7e75ec7e75e", "k***t@sekret.example", "Rubin-4402")
"""In the other visitor's messages, visit and contact, and in the documents of another business."""

SERVICES = {"massage", "consultation"}
PROBE = "Call the tool probe with {}"


class Attack:
    """One attempt in a world of its own."""

    def __init__(self, attempt, world_of, build_profile):
        self.attempt = attempt
        self.stand_in = StandIn(clock=time.monotonic, obeys=True)
        self.requests, self.probed = [], []
        client = _RecordingClient(InProcessClient(self.stand_in), self.requests)
        probe = Tool("probe", "Returns a note.", {"type": "object"}, self._run_probe)
        tools = (*list_tools(self), lambda profile: probe)
        self.world = world_of(model=BedrockModel(client=client, default_model_id=HAIKU), tools=tools)
        profile = build_profile(model={"id": HAIKU}, **_list_fields(attempt))
        self.documents = _list_documents(attempt)
        self.world.tenants.blocking.profiles |= {"salon-ania": profile, "klinika": profile}
        self.world.tenants.set_documents("salon-ania", self.documents)
        self.world.tenants.set_documents("klinika", {"klinika.md": "The owner's number is Rubin-4402."})

    async def _run_probe(self, content, context):
        self.probed.append((context.command.tenant, context.command.session_id))
        return ToolResult({"note": self.attempt.text if self.attempt.part == "tool_result" else "nothing"})

    async def ask(self, query, context):
        """Note for whom booking is asked, which never answers here."""
        self.probed.append((context.command.tenant, context.command.session_id))

    async def run(self):
        """Carry the attempt out."""
        world, part, text = self.world, self.attempt.part, self.attempt.text
        world.connections.open("session-a", "tab of the other", locale="en")
        await self._store("session-a", *_list_frames_of_other(world.clock.now()))
        await self._store("session", *_list_frames_before(part, text, world.clock.now()))
        self.others_before = world.conversations.list_frames("session-a")
        self.before = len(world.stored)
        command = world.command(_write_message(part, text))
        if part == "locale":
            world.connections.open("session", "tab", locale=text)
            command = world.command(_write_message(part, text), locale=text)
        await world.handle(command)

    async def _store(self, session, *frames):
        for number, frame in enumerate(frames):
            key = f"{session}-{number}"
            claim = await self.world.claims.claim(key, fingerprint="f", lease=timedelta(seconds=30))
            await self.world.conversations.append(session, frame, claim=claim, marker="outcome")

    @property
    def posted(self):
        """Every frame that the attacker's page got."""
        return self.world.poster.frames("tab")

    @property
    def prompt_text(self):
        """Everything that the model got, as text."""
        return json.dumps(self.requests, ensure_ascii=False)


class _RecordingClient:
    def __init__(self, client, requests):
        self._client = client
        self._requests = requests

    async def converse_stream(self, **fields):
        self._requests.append(fields)
        return await self._client.converse_stream(**fields)


def _list_fields(attempt):
    text = attempt.text
    services = [
        {"id": "massage", "name": {"en": "Massage"}, "duration_minutes": 60},
        {"id": "consultation", "name": {"pl": "Konsultacja"}, "duration_minutes": 30},
    ]
    match attempt.part:
        case "service_name":
            services[0]["name"] = {"en": text}
        case "price":
            services[0]["price"] = {"en": text}
        case "question":
            services[0]["questions"] = [{"id": "people", "kind": "text", "label": {"en": text}}]
        case "business_name":
            return {"name": text}
        case "address":
            return {"address": {"en": text}}
    return {"services": services}


def _list_documents(attempt):
    documents = {"prices.en.md": "A massage costs 120 zł."}
    match attempt.part:
        case "document":
            documents["about.en.md"] = f"# About us\n\n{attempt.text}"
        case "document_name":
            documents[attempt.text] = "We are in Łódź."
        case "heading":
            filler = "\n\n".join(f"The room number {number} is on the floor {number % 7}." for number in range(1100))
            documents["large.en.md"] = f"# {attempt.text}\n\nA massage relaxes.\n\n# Rooms\n\n{filler}"
    return documents


def _write_message(part, text):
    return {"message": text, "tool_result": PROBE, "heading": "massage"}.get(part, "Hello, what does a massage cost?")


def _list_frames_of_other(now: datetime):
    return (
        ChatSent(re="z1", data=ChatSentData(text="My secret word is Kobalt-7731.")),
        ChatFinal(re="z1", data=ChatFinalData(text="Kobalt-7731, I see.")),
        _build_pending(now, SECRETS[1], "massage", SECRETS[2]),
        _build_confirmed(now, SECRETS[1], "massage"),
    )


def _list_frames_before(part, text, now: datetime):
    own = "b" * 32
    match part:
        case "history":
            return (
                ChatSent(re="h1", data=ChatSentData(text=text)),
                ChatFinal(re="h1", data=ChatFinalData(text="I can't do that.")),
            )
        case "answer":
            return (
                ChatSent(re="h1", data=ChatSentData(text="Hello")),
                ChatFinal(re="h1", data=ChatFinalData(text=text)),
            )
        case "visit":
            return (_build_confirmed(now, own, text),)
        case "contact":
            return (_build_pending(now, own, "massage", text),)
        case "refusal":
            return (Error(re="h1", data=ErrorData(code=ErrorCode.SLOT_TAKEN, retryable=True, message=text)),)
    return ()


def _build_pending(now, appointment_id, service, contact):
    start = now + timedelta(days=1)
    return BookingPending(
        data=BookingPendingData(
            appointment_id=appointment_id,
            start=start,
            end=start + timedelta(hours=1),
            service=service,
            expires_at=now + timedelta(minutes=10),
            contact=contact,
        )
    )


def _build_confirmed(now, appointment_id, service):
    start = now + timedelta(days=1)
    return BookingConfirmed(
        data=BookingConfirmedData(
            appointment_id=appointment_id, start=start, end=start + timedelta(hours=1), service=service, ics="BEGIN"
        )
    )
