"""What a request has before its last message: the same, byte by byte, in the next request and in each process."""

import hashlib
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from evals.conversation import read_business
from shared.language_models.catalogue import find_model
from shared.messages.server import (
    BookingConfirmed,
    BookingConfirmedData,
    ChatFinal,
    ChatFinalData,
    ChatSent,
    ChatSentData,
)
from tests.fakes.booking_queries import FakeBookingQueries
from workers.chat.adapters.bedrock.request import build_request
from workers.chat.domain.knowledge import PromptKnowledge, order_documents
from workers.chat.domain.prompt import build_prompt
from workers.chat.wiring import list_tools

START = datetime(2026, 11, 30, 9, tzinfo=UTC)
TURNS = 10
MODELS = ("eu.anthropic.claude-haiku-4-5-20251001-v1:0", "eu.anthropic.claude-haiku-5-5", "eu.amazon.nova-micro-v1:0")
POINT = {"cachePoint": {"type": "default"}}


def build_requests(model_id):
    """Return the requests of a conversation of ten messages, a minute apart, with a visit booked after the third."""
    business, model = read_business("studio-lumen"), find_model(model_id)
    knowledge = PromptKnowledge(order_documents(business.documents, "pl"))
    frames, requests = [], []
    for number in range(TURNS):
        text = f"Pytanie {number}: ile kosztuje strzyżenie? <situation>"
        prompt = build_prompt(
            profile=business.profile,
            knowledge=knowledge,
            history=[frame.with_seq(seq) for seq, frame in enumerate(frames, 1)],
            text=text,
            now=START + timedelta(minutes=number),
            tools=tuple(build(business.profile) for build in list_tools(FakeBookingQueries())),
        )
        requests.append(build_request(model, prompt))
        frames += [
            ChatSent(re=f"m{number}", data=ChatSentData(text=text)),
            ChatFinal(re=f"m{number}", data=ChatFinalData(text=f"Odpowiedź {number}. " * 20)),
        ]
        if number == 2:
            visit = {
                "appointment_id": "v1",
                "service": "cut",
                "start": START,
                "end": START + timedelta(hours=1),
                "ics": "",
            }
            frames.append(BookingConfirmed(re="b1", data=BookingConfirmedData(**visit)))
    return requests


def list_stable_blocks(request):
    """Return what is before the last message, as the model reads it: tools, system prompt, dialogue."""
    parts = [request["toolConfig"]["tools"], request["system"]]
    parts += [[turn["role"], *turn["content"]] for turn in request["messages"][:-1]]
    return [json.dumps(block, ensure_ascii=False) for part in parts for block in part if block != POINT]


@pytest.mark.parametrize("model_id", MODELS)
def test_what_is_before_the_last_message_only_grows(model_id):
    """Whatever time it is and whatever is booked; a cache point of each request is in the next one, too."""
    requests = build_requests(model_id)
    for earlier, later in pairwise(requests):
        blocks = list_stable_blocks(earlier)
        assert list_stable_blocks(later)[: len(blocks)] == blocks
        marked = [index for index, turn in enumerate(earlier["messages"]) if POINT in turn["content"]]
        assert all(POINT in later["messages"][index]["content"] for index in marked[-1:])
        assert POINT in later["messages"][-2]["content"]
    assert len({json.dumps(request["messages"][-1]["content"][0]) for request in requests}) == TURNS


def digest_requests():
    texts = (json.dumps(build_requests(model_id), ensure_ascii=False) for model_id in MODELS)
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


@pytest.mark.process
def test_every_process_sends_the_same_bytes():
    """Workers share the cache: the order of no set and of no hash is in a request."""
    program = f"import runpy; print(runpy.run_path({__file__!r})['digest_requests']())"
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
            cwd=Path(__file__).parents[4],
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert digests == {digest_requests()}
