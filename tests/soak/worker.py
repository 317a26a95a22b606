"""A worker process for the soak tests: the real core, around a handler that leaves one durable frame for a command."""

import argparse
import asyncio
import os
from contextlib import asynccontextmanager
from pathlib import Path

from bench.consumer.runners.memory_claims import MemoryClaims
from shared.aws.claims import DynamoClaimStore
from shared.aws.clients import open_aws_clients
from shared.aws.conversations.conversation_store import DynamoConversationStore
from shared.aws.queue_connector import SqsConnector
from shared.aws.run_pool import run_pool
from shared.clock import SystemClock
from shared.consumer.queue_description import MessageQueue
from shared.consumer.worker import build_worker
from shared.emf import EmfMetrics
from shared.errors import TransientError
from shared.ids import new_id
from shared.log import configure_logging
from shared.messages.commands import CHAT_COMMAND
from shared.messages.server import ChatFinal, ChatFinalData
from shared.settings import AwsSettings, PoolSettings


class OneFrame:
    """Takes its time, then stores the outcome in one step with the command's end, as every worker's handler does."""

    def __init__(self, conversations, *, seconds, fail_every=None):
        self._conversations = conversations
        self._seconds = seconds
        self._fail_every = fail_every

    async def handle(self, message, claim):
        await self._take_time(message, claim)
        frame = ChatFinal(re=message.client_id, data=ChatFinalData(text=message.id))
        await self._conversations.append(message.session_id, frame, claim=claim, marker="outcome")

    async def _take_time(self, message, claim):
        await asyncio.sleep(self._seconds)
        if self._fail_every and claim.attempts == 1 and int(message.id.rpartition("k")[2]) % self._fail_every == 0:
            raise TransientError("a first attempt that fails, as was asked for")

    async def repeat_outcome(self, message, outcome_seq):
        """Nobody listens."""

    async def refuse_reused_id(self, message):
        raise AssertionError("no key is used twice")

    async def give_up(self, message, claim, reason):
        frame = ChatFinal(re=message.client_id, data=ChatFinalData(text=f"given up: {reason}"))
        await self._conversations.append(message.session_id, frame, claim=claim, marker="outcome")


class JustEnd(OneFrame):
    """Leaves no frame: for what is not about the effects. A journal has a line for every command, in their order."""

    def __init__(self, claims, *, journal=None, **habits):
        super().__init__(None, **habits)
        self._claims = claims
        self._journal = os.open(journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND) if journal else None

    async def handle(self, message, claim):
        await self._take_time(message, claim)
        await self._claims.complete(claim)
        if self._journal is not None:
            os.write(self._journal, f"{message.session_id} {message.id}\n".encode())

    async def give_up(self, message, claim, reason):
        await self._claims.complete(claim)


class ForgetfulClaims(DynamoClaimStore):
    """The guard removed: every delivery has a record of its own, so none knows of another."""

    async def claim(self, key, *, fingerprint, lease):
        return await super().claim(f"{key}/{new_id()}", fingerprint=fingerprint, lease=lease)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queue", required=True)
    parser.add_argument("--dlq", required=True)
    parser.add_argument("--seconds", type=float, default=0.0, help="how long a handler takes")
    parser.add_argument("--no-effect", action="store_true", help="store no frame")
    parser.add_argument("--journal", type=Path, help="with --no-effect: where to write `session id` after each success")
    parser.add_argument("--fail-every", type=int, metavar="N", help="fail the first attempt of every n-th command")
    parser.add_argument("--claims", choices=("dynamodb", "memory"), default="dynamodb")
    parser.add_argument("--without-record", action="store_true", help="remove the processed-message guard")
    options = parser.parse_args()
    if options.claims == "memory":
        # The lease keeper's looks at a table are refused there, and it goes on.
        os.environ["AWS_ENDPOINT_URL_DYNAMODB"] = os.environ["AWS_ENDPOINT_URL_SQS"]

    @asynccontextmanager
    async def worker():
        aws, clock = AwsSettings(), SystemClock()
        configure_logging(level=aws.log_level, component="soak")
        async with open_aws_clients(aws) as clients:
            dynamodb = await clients.open_client("dynamodb", connections=100)
            store = ForgetfulClaims if options.without_record else DynamoClaimStore
            claims = store(client=dynamodb, table=aws.processed_table, clock=clock)
            if options.claims == "memory":
                claims = MemoryClaims()
            conversations = DynamoConversationStore(
                client=dynamodb, table=aws.conversations_table, processed_table=aws.processed_table, clock=clock
            )
            habits = {"seconds": options.seconds, "fail_every": options.fail_every}
            if options.no_effect:
                handler = JustEnd(claims, journal=options.journal, **habits)
            else:
                handler = OneFrame(conversations, **habits)
            # All messages are of one business, many of one conversation.
            settings = PoolSettings(tenant_share=1, session_share=1)
            queue = MessageQueue(
                url=options.queue,
                dead_letter_url=options.dlq,
                messages=CHAT_COMMAND,
                handler=handler,
                max_attempts=settings.max_attempts,
                outcomes=None,
                shedding=None,
                visitor=None,
            )
            yield await build_worker(
                [queue],
                connector=SqsConnector(clients, aws=aws, clock=clock, settings=settings),
                claims=claims,
                clock=clock,
                metrics=EmfMetrics(clock=clock),
                settings=settings,
            )

    run_pool(worker)


if __name__ == "__main__":
    main()
