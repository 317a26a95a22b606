"""Long answers while the model fails in scripted ways: who asks what, and what each visitor must hear at the end."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import websockets

from tests.e2e.backstage import Backstage
from tests.e2e.visitor import Visitor
from workers.chat.handler.attempts import MAX_CALLS

MARGIN_SECONDS = 4
"""For storing and posting an end, on a busy machine."""

QUIET_SECONDS = 0.5
"""How long visitors still listen after the last end."""

ENDS = ("chat.final", "error")

STALL = {"kind": "stall", "after_deltas": 5, "seconds": 600}
CUT = {"kind": "cut", "after_deltas": 9}
SILENCE = {"kind": "silent", "seconds": 600}
THROTTLING = {"kind": "throttle"}


@dataclass(frozen=True)
class Question:
    """One long answer, and what goes wrong with its calls, in their order."""

    number: int
    words: int
    faults: tuple[Mapping[str, Any], ...] = ()
    has_predecessor: bool = False
    """Whether another message of the conversation is answered before it."""
    filler: str = ""
    """Makes the words longer, so that fewer pieces of the same answer come in a second."""

    @property
    def mark(self) -> str:
        """The word by which the model's stand-in knows the message."""
        return f"question-{self.number}-of-many."

    @property
    def answer(self) -> str:
        """What the model says; no word twice, so that a repeated one is seen."""
        return " ".join(f"{self.number}w{position}{self.filler}" for position in range(self.words))


@dataclass(frozen=True)
class Outcome:
    """How one question ended for its visitor."""

    question: Question
    end: dict[str, Any]
    seconds: float
    """From the acknowledgement, or the end of the conversation's message before, to the end."""
    calls: int
    """Of the model, for all messages of the conversation."""
    has_second_attempt: bool
    """At one of the messages of the conversation, whether that led to a call or not."""

    @property
    def kind(self) -> str:
        """`complete`, `cut`, or the code of the error."""
        if self.end["type"] == "error":
            return str(self.end["data"]["code"])
        return "cut" if self.end["data"].get("cut") else "complete"


@dataclass
class _Timed:
    frame: dict[str, Any]
    at: float


@dataclass
class Conversation:
    """One visitor, whose tab stays open until all is quiet."""

    question: Question
    frames: list[_Timed] = field(default_factory=list)
    session: str = ""
    has_begun: asyncio.Event = field(default_factory=asyncio.Event)
    """Set with the first word of the answer."""

    @property
    def is_streaming(self) -> bool:
        """Whether words of the answer have come, and its end has not."""
        return self.has_begun.is_set() and not self._has("long", *ENDS)

    async def run(self, visit: Callable[..., AbstractAsyncContextManager[Visitor]], quiet: asyncio.Event) -> None:
        """Ask, and listen until `quiet` is set."""
        async with visit(greet=False) as visitor:
            self.session = (await visitor.hello(locale="en"))["data"]["session_id"]
            listening = asyncio.create_task(self._listen(visitor))
            if self.question.has_predecessor:
                await visitor.send("chat.send", {"text": "Where are you?"}, frame_id="before")
                await self._wait_for("ack", re="before")
            await visitor.send("chat.send", {"text": f"Tell me about {self.question.mark}"}, frame_id="long")
            await quiet.wait()
            listening.cancel()

    async def _listen(self, visitor: Visitor) -> None:
        while True:
            try:
                frame = await visitor.receive(600)
            except websockets.ConnectionClosed:
                return
            self.frames.append(_Timed(frame, time.monotonic()))
            if frame["type"] == "chat.delta" and frame["re"] == "long":
                self.has_begun.set()

    async def wait_for_end(self) -> None:
        """Return once the question has ended."""
        await self._wait_for(*ENDS, re="long")

    async def _wait_for(self, *kinds: str, re: str) -> None:
        while not self._has(re, *kinds):
            await asyncio.sleep(0.02)

    def _has(self, re: str, *kinds: str) -> bool:
        return any(one.frame["type"] in kinds and one.frame.get("re") == re for one in self.frames)

    def check(self, *, calls: int, has_second_attempt: bool) -> Outcome:
        """Return how the question ended; each message has one end and nothing after it, and no word came twice."""
        for name in ["before", "long"] if self.question.has_predecessor else ["long"]:
            mine = [one.frame for one in self.frames if one.frame.get("re") == name]
            kinds = [frame["type"] for frame in mine]
            ends = {frame["seq"] for frame in mine if frame["type"] in ENDS}
            assert len(ends) == 1, (self.question, kinds)
            after = kinds[next(position for position, kind in enumerate(kinds) if kind in ENDS) :]
            assert not {"chat.delta", "typing", "progress", "chat.sent"} & {*after}, (self.question, kinds)
        end = self._find("long", *ENDS)
        self._check_text(end.frame)
        began = self._find("long", "ack").at
        if self.question.has_predecessor:
            began = max(began, self._find("before", *ENDS).at)
        return Outcome(self.question, end.frame, end.at - began, calls, has_second_attempt)

    def _check_text(self, end: dict[str, Any]) -> None:
        text = ""
        for one in self.frames:
            if one.frame["type"] == "chat.delta" and one.frame["re"] == "long":
                offset = one.frame["data"]["offset"]
                assert offset <= len(text), f"{self.question}: a gap before {offset}"
                text = text[:offset] + one.frame["data"]["text"]
                assert self.question.answer.startswith(text.rstrip()), f"{self.question}: {text}"
        if end["type"] == "chat.final":
            final = end["data"]["text"]
            assert final.startswith(text.rstrip()), f"{self.question}: {text!r} is not the beginning of {final!r}"
            if end["data"].get("cut"):
                assert self.question.answer.startswith(final), self.question
            else:
                assert final == self.question.answer, self.question

    def _find(self, re: str, *kinds: str) -> _Timed:
        return next(one for one in self.frames if one.frame["type"] in kinds and one.frame.get("re") == re)


def script(backstage: Backstage, questions: Sequence[Question]) -> None:
    """Tell the stand-in what to answer to each question, and what goes wrong before."""
    backstage.bedrock("script", {"replies": [{"message": one.mark, "text": one.answer} for one in questions]})
    rules = [{"message": one.mark, "times": 1, **fault} for one in questions for fault in one.faults]
    if rules:
        backstage.bedrock("faults", {"rules": rules})


@asynccontextmanager
async def asking(
    conversations: Sequence[Conversation],
    visit: Callable[..., AbstractAsyncContextManager[Visitor]],
    *,
    pause: float = 0,
) -> AsyncIterator[None]:
    """Ask all questions, with a pause between them, and wait after the `async with` until all have ended."""
    quiet = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:

        async def ask_later(position: int, conversation: Conversation) -> None:
            await asyncio.sleep(position * pause)
            await conversation.run(visit, quiet)

        for position, conversation in enumerate(conversations):
            tasks.create_task(ask_later(position, conversation))
        yield
        await asyncio.gather(*(one.wait_for_end() for one in conversations))
        await asyncio.sleep(QUIET_SECONDS)
        quiet.set()


def check_conversation(
    backstage: Backstage, conversation: Conversation, *, answer_seconds: float, lease_seconds: float = 0
) -> Outcome:
    """Return how a question ended.

    Raises:
        AssertionError: it has no end, or two, or too late; text came twice; or an attempt made too many calls.
    """
    calls = _count_calls(backstage, conversation)
    assert max(calls.values()) <= MAX_CALLS, (conversation.question, calls)
    _check_stored(backstage, conversation)
    claims = [
        int(row["attempts"]) for row in backstage.rows("processed") if row["command_key"] in {key for key, _ in calls}
    ]
    outcome = conversation.check(calls=sum(calls.values()), has_second_attempt=max(claims) > 1)
    # Nobody knows that a worker was killed until its lease ends, which may be after the deadline.
    seconds = answer_seconds + MARGIN_SECONDS + (lease_seconds if outcome.has_second_attempt else 0)
    assert outcome.seconds <= seconds, outcome
    return outcome


def _count_calls(backstage: Backstage, conversation: Conversation) -> Mapping[tuple[str, int], int]:
    """Return how many calls of the model each attempt at each of a conversation's messages made, by the records."""
    return Counter(
        (row["command_key"], int(row["attempt"]))
        for row in backstage.rows("usage")
        if row["day"].startswith("call#") and row["session_id"] == conversation.session
    )


def _check_stored(backstage: Backstage, conversation: Conversation) -> None:
    """Each message is stored with one end; the numbers of the frames have no gap."""
    numbers = sorted(
        int(row["seq"])
        for row in backstage.rows("conversations")
        if row["session_id"] == conversation.session and row["seq"] > 0
    )
    expected = 4 if conversation.question.has_predecessor else 2
    assert numbers == list(range(1, expected + 1)), (conversation.question, numbers)
