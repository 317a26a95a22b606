"""A process that sets costs of calls aside, one call after the other in each of its racers, until it is killed.

It notes each call that may be made before anything else happens, as `number of the reservation, nano-dollars`.
"""

import argparse
import asyncio
import os
import random
from contextlib import AsyncExitStack
from datetime import date, datetime, timedelta
from pathlib import Path

from shared.aws.clients import AwsClients
from shared.aws.lean_dynamodb import open_dynamodb
from shared.aws.spending.spending_store import DynamoSpendingStore
from shared.clock import SystemClock
from shared.ids import new_id
from shared.messages.server import Usage
from shared.settings import AwsSettings
from shared.spending.rules import SETTLED_WITHIN
from shared.spending.values import CallKey, CallResult, Cap, Reservation, Reserved

MAX_NANO_DOLLARS = 100
"""What each call sets aside."""


async def spend(store: DynamoSpendingStore, options: argparse.Namespace, journal: int, racer: int) -> None:
    """Reserve until the cap refuses, and settle each call, or none of them."""
    chance = random.Random(f"{options.tenant}{os.getpid()}{racer}")
    for number in range(1, 10_000):
        reserved_at = datetime.fromisoformat(options.at) + timedelta(milliseconds=number)
        reservation = Reservation(
            tenant=options.tenant,
            session_id=f"{os.getpid()}-{racer}",
            key=CallKey(new_id(), 1, number),
            model_id="model",
            day=date.fromisoformat(options.day),
            nano_dollars=MAX_NANO_DOLLARS,
            reserved_at=reserved_at,
            expires_at=reserved_at + SETTLED_WITHIN,
            address_key="office",
        )
        answer = await store.reserve(reservation, {Cap(options.cap): options.amount})
        if not isinstance(answer, Reserved):
            break
        os.write(journal, f"{reservation.key.command_key} {MAX_NANO_DOLLARS}\n".encode())
        if not options.settle:
            continue
        await asyncio.sleep(chance.random() * 0.02)
        cost = chance.randrange(MAX_NANO_DOLLARS + 1)
        if await store.settle(answer.reservation, CallResult(Usage(output_tokens=1), cost, "end_turn", 1)):
            os.write(journal, f"{reservation.key.command_key} {cost}\n".encode())


async def main() -> None:
    """Spend until the cap refuses all racers, then wait to be killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tenant", required=True)
    parser.add_argument("--day", required=True)
    parser.add_argument("--at", required=True, help="the time of the reservations")
    parser.add_argument("--cap", required=True)
    parser.add_argument("--amount", type=int, required=True, help="the cap in nano-dollars")
    parser.add_argument("--racers", type=int, required=True)
    parser.add_argument("--settle", action="store_true")
    parser.add_argument("--journal", type=Path, required=True)
    options = parser.parse_args()
    journal = os.open(options.journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    async with AsyncExitStack() as stack:
        clients, clock = AwsClients(stack, AwsSettings()), SystemClock()
        store = DynamoSpendingStore(client=await open_dynamodb(clients, clock=clock), table="UsageTable", clock=clock)
        await asyncio.gather(*(spend(store, options, journal, racer) for racer in range(options.racers)))
        os.write(journal, b"refused 0\n")
        await asyncio.sleep(3600)


if __name__ == "__main__":
    asyncio.run(main())
