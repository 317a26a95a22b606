"""A worker process for the soak tests: the real core, around a handler that leaves one durable frame for a command."""

import argparse
import asyncio
from contextlib import asynccontextmanager

from shared.aws.claims import DynamoClaimStore
from shared.aws.clients import aws_clients
from shared.aws.conversations import DynamoConversationStore
from shared.aws.run_pool import run_pool
from shared.aws.worker import assemble
from shared.clock import SystemClock
from shared.emf import EmfMetrics
from shared.ids import new_id
from shared.log import configure_logging
from shared.messages.commands import CHAT_COMMAND
from shared.messages.server import ChatFinal, ChatFinalData
from shared.settings import AwsSettings, PoolSettings


class OneFrame:
    """Takes its time, then stores the outcome in one step with the command's end, as every worker's handler does."""

    def __init__(self, conversations, *, seconds):
        self._conversations = conversations
        self._seconds = seconds

    async def handle(self, work, claim):
        await asyncio.sleep(self._seconds)
        frame = ChatFinal(re=work.client_id, data=ChatFinalData(text=work.id))
        await self._conversations.append(work.session_id, frame, claim=claim, marker="outcome")

    async def repeat(self, work, outcome_seq):
        """Nobody listens."""

    async def mismatch(self, work):
        raise AssertionError("no key is used twice")

    async def give_up(self, work, claim, reason):
        frame = ChatFinal(re=work.client_id, data=ChatFinalData(text=f"given up: {reason}"))
        await self._conversations.append(work.session_id, frame, claim=claim, marker="outcome")


class JustEnd(OneFrame):
    """Leaves no frame: for what is not about the effects."""

    def __init__(self, claims, *, seconds):
        self._claims = claims
        self._seconds = seconds

    async def handle(self, work, claim):
        await asyncio.sleep(self._seconds)
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
    parser.add_argument("--without-record", action="store_true", help="remove the processed-message guard")
    options = parser.parse_args()

    @asynccontextmanager
    async def worker():
        aws, clock = AwsSettings(), SystemClock()
        configure_logging(level=aws.log_level, component="soak")
        async with aws_clients(aws) as clients:
            dynamodb = await clients.client("dynamodb", connections=100)
            store = ForgetfulClaims if options.without_record else DynamoClaimStore
            claims = store(client=dynamodb, table=aws.processed_table, clock=clock)
            conversations = DynamoConversationStore(
                client=dynamodb, table=aws.conversations_table, processed_table=aws.processed_table, clock=clock
            )
            kind = JustEnd(claims, seconds=options.seconds) if options.no_effect else None
            yield await assemble(
                clients,
                aws=aws,
                url=options.queue,
                dead_letter_url=options.dlq,
                messages=CHAT_COMMAND,
                handler=kind or OneFrame(conversations, seconds=options.seconds),
                claims=claims,
                clock=clock,
                metrics=EmfMetrics(clock=clock),
                settings=PoolSettings(),
            )

    run_pool(worker)


if __name__ == "__main__":
    main()
