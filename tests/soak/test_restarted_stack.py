"""`make up` while its processes are killed one after the other, and after it was stopped and started again."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager

import pytest

from tests.deadlines import DEADLINE_SECONDS
from tests.e2e.booking import fresh_address, hold
from tests.e2e.visitor import Visit

pytestmark = pytest.mark.soak

KILLED = ("desk", "site", "bedrock", "calendar", "failures", "notifications", "booking", "chat", "emulator")

ANSWER_SECONDS = 2 * DEADLINE_SECONDS
"""A lease and the answer after it."""


class Run:
    """One run of the program."""

    def __init__(self, folder, process):
        self.folder, self.process = folder, process

    @property
    def printed(self):
        return (self.folder / "output").read_text()

    @property
    def stack(self):
        return json.loads((self.folder / "stack.json").read_text())

    def wait_for(self, text, times=1):
        end = time.monotonic() + 3 * DEADLINE_SECONDS
        while self.printed.count(text) < times:
            assert self.process.poll() is None, self.printed
            assert time.monotonic() < end, self.printed
            time.sleep(0.05)

    def read_page(self, path):
        with urllib.request.urlopen(f"{self.stack['site_url']}{path}", timeout=DEADLINE_SECONDS) as answer:  # noqa: S310 - our own page
            return json.load(answer)

    def visit(self):
        stack = self.stack
        return Visit(stack["websocket_url"], stack["tenant"], stack["site_url"])

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(DEADLINE_SECONDS) == 0, self.printed


@contextmanager
def running(folder, *arguments):
    """Run the program with fixed ports."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "BEDROCK"))}
    command = [sys.executable, "-m", "infra.local.up", "--folder", str(folder), *arguments]
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment)
    run = Run(folder, process)
    try:
        run.wait_for("Ctrl-C stops everything")
        yield run
    finally:
        process.terminate()
        process.wait(DEADLINE_SECONDS)


async def find_code(run, address):
    """Return the code in the newest e-mail to the address."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while True:
            emails = [each for each in await asyncio.to_thread(run.read_page, "/api/inbox") if address in each["to"]]
            if emails and (found := re.search(r"\b\d{6}\b", emails[0]["subject"])):
                return found[0]
            await asyncio.sleep(0.1)


async def start_visit(run):
    """Open a conversation, hold a time, and return the resume token, the address and the frame."""
    address = fresh_address()
    async with run.visit()(greet=False) as visitor:
        welcome = await visitor.hello(locale="en", tz="Europe/Warsaw")
        listed = await visitor.ask("booking.slots", {"service": "consultation", "days": 40}, "booking.slots")
        pending = await hold(visitor, listed["data"]["slots"][-1], address)
        assert pending["type"] == "booking.pending"
        return welcome["data"]["session"], address, pending["data"]["appointment_id"]


async def ask_twice(visitor, name):
    """Chat and look for times: what the chat pool and the booking pool have to do with each process.

    A killed pool keeps its messages until their lease ends; a query is old by then, and the visitor asks again.
    """
    text = {"text": "What does a consultation cost?"}
    sent = await visitor.send("chat.send", text, frame_id=f"chat-{name}")
    final = await visitor.until("chat.final", "error", re=sent, timeout_seconds=ANSWER_SECONDS)
    assert final["type"] == "chat.final", final
    for attempt in range(3):
        sent = await visitor.send(
            "booking.slots", {"service": "consultation", "days": 7}, frame_id=f"s{attempt}-{name}"
        )
        listed = await visitor.until("booking.slots", "error", re=sent, timeout_seconds=ANSWER_SECONDS)
        if listed["type"] == "booking.slots":
            return
        assert listed["data"]["retryable"], listed
    pytest.fail(f"no free times: {listed}")


async def test_a_visit_ends_well_while_each_process_is_killed(tmp_path):
    """Each is started again under its port, and what the visitor does meanwhile gets its answer."""
    with running(tmp_path, "--port", "0", "--desk-port", "0", "--aws-port", "0") as run:
        before = run.stack
        session, address, appointment_id = await start_visit(run)
        for name in KILLED:
            async with run.visit()(session=session) as visitor:
                killed = run.stack["pids"][name]
                os.kill(killed, signal.SIGKILL)
                if name == "emulator":
                    await asyncio.to_thread(run.wait_for, "emulator runs again")
                else:
                    await ask_twice(visitor, name)
            started = time.monotonic()
            await asyncio.to_thread(run.wait_for, f"{name} runs again")
            print(f"{name}: ready {time.monotonic() - started:.1f} s later")
            async with run.visit()(session=session) as visitor:
                await ask_twice(visitor, f"{name}-again")
        code = await find_code(run, address)
        async with run.visit()(session=session) as visitor:
            answer = {"appointment_id": appointment_id, "code": code}
            assert (await visitor.ask("booking.verify", answer, "booking.confirmed"))["type"] == "booking.confirmed"
        after = run.stack
        assert after["down"] == []
        assert not set(before["pids"].values()) & set(after["pids"].values())
        kept = before.keys() - {"pids", "health"}
        assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
        run.stop()


async def test_data_survive_a_restart_and_fresh_begins_anew(tmp_path):
    """Conversation, visit, calendar and e-mails are there after `make up` again, also on other ports."""
    with running(tmp_path, "--port", "0", "--desk-port", "0", "--aws-port", "0") as run:
        session, address, appointment_id = await start_visit(run)
        answer = {"appointment_id": appointment_id, "code": await find_code(run, address)}
        async with run.visit()(session=session) as visitor:
            confirmed = await visitor.ask("booking.verify", answer, "booking.confirmed")
        run.stop()
    with running(tmp_path, "--port", "0", "--desk-port", "0", "--aws-port", "0") as run:
        async with run.visit()(session=session, greet=False) as visitor:
            welcome = await visitor.hello()
            assert welcome["data"]["resume"] == "ok"
            again = await visitor.until("booking.confirmed")
            assert again["data"] == confirmed["data"]
            found = await visitor.ask("booking.lookup", {"appointment_id": appointment_id}, "booking.details")
            assert found["type"] != "error", found
            listed = await visitor.ask("booking.slots", {"service": "consultation", "days": 40}, "booking.slots")
            assert confirmed["data"]["start"] not in {slot["start"] for slot in listed["data"]["slots"]}
            moved = await visitor.ask("booking.cancel", {"appointment_id": appointment_id}, "booking.cancelled")
            assert moved["type"] == "booking.cancelled", moved
        assert any(address in each["to"] for each in run.read_page("/api/inbox"))
        run.stop()
    with running(tmp_path, "--port", "0", "--desk-port", "0", "--aws-port", "0", "--fresh") as run:
        async with run.visit()(greet=False) as visitor:
            assert (await visitor.hello())["data"]["resume"] == "new"
        assert run.read_page("/api/inbox") == []
        run.stop()
