"""Calls the model as the predecessor did: one synchronous call of boto3 on a thread of its own for each message.

Reads a number a line, asks, and writes `NUMBER first TIME` when it has the first words and `NUMBER end TIME` at the
end. It stores nothing, checks nothing and posts nothing, so it is the least that a message can cost with boto3.
"""

import sys
import threading

import boto3
from botocore.config import Config

from bench.chat.clock import read_ms
from bench.chat.marks import write_question

MODEL_ID = "eu.anthropic.claude-haiku-4-5-20251001-v1:0"
_INSTRUCTIONS = "You are the assistant on the web page of a massage studio. " * 500
"""About as long as the prompt that the worker sends."""


def main() -> None:
    """Ask until the input ends."""
    config = Config(max_pool_connections=1000, read_timeout=120, retries={"mode": "standard", "total_max_attempts": 1})
    client = boto3.client("bedrock-runtime", config=config)
    writing = threading.Lock()

    def write(*parts: object) -> None:
        with writing:
            print(*parts, flush=True)

    def ask(number: int) -> None:
        answer = client.converse_stream(
            modelId=MODEL_ID,
            system=[{"text": _INSTRUCTIONS}],
            messages=[{"role": "user", "content": [{"text": write_question(number)}]}],
            inferenceConfig={"maxTokens": 500, "temperature": 0.2},
        )
        text: list[str] = []
        for event in answer["stream"]:
            if delta := event.get("contentBlockDelta"):
                if not text:
                    write(number, "first", read_ms())
                text.append(delta["delta"]["text"])
        write(number, "end", read_ms())

    write("ready")
    for line in sys.stdin:
        threading.Thread(target=ask, args=(int(line),), daemon=True).start()


if __name__ == "__main__":
    main()
