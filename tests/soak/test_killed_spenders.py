"""Workers are killed between reservation and settlement: no cap is exceeded, and what nobody settled counts in full."""

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from infra.local.environment import build_emulator_environment
from shared.aws.spending.spending_store import DynamoSpendingStore
from shared.aws.spending.usage_reports import DynamoUsageReports
from shared.ids import new_id
from shared.spending.rules import SETTLED_WITHIN
from shared.spending.values import CallKey, Cap, Reservation, Reserved
from tests.deadlines import DEADLINE_SECONDS
from tests.fakes.clock import FakeClock
from tests.soak.conftest import ROOT
from tests.soak.spender import MAX_NANO_DOLLARS

RACERS = 20
NOW = datetime(2026, 1, 12, 12, tzinfo=UTC)
DAY = NOW.date()
EXPIRED = NOW + SETTLED_WITHIN + timedelta(minutes=1)


class Spenders:
    """Processes of one business that share a cap and a journal."""

    def __init__(self, emulator, folder, cap, amount):
        self.tenant, self.cap, self.amount = new_id(), cap, amount
        self._journal = folder / "journal"
        self._variables = {
            **build_emulator_environment(emulator.endpoint_url),
            **dict.fromkeys(("CONVERSATIONS_TABLE", "CONNECTIONS_TABLE", "PROCESSED_TABLE"), "UsageTable"),
            "KNOWLEDGE_BUCKET": "none",
            "WEBSOCKET_ENDPOINT": emulator.endpoint_url,
            "PYTHONPATH": str(ROOT),
        }
        self.running = []

    def start(self, *more):
        arguments = (
            "--tenant",
            self.tenant,
            "--day",
            DAY.isoformat(),
            "--at",
            NOW.isoformat(),
            "--cap",
            self.cap.value,
        )
        arguments += ("--amount", str(self.amount), "--racers", str(RACERS), "--journal", str(self._journal))
        command = [sys.executable, str(ROOT / "tests" / "soak" / "spender.py"), *arguments, *more]
        self.running.append(subprocess.Popen(command, env=self._variables, start_new_session=True))

    def kill_oldest(self):
        process = self.running.pop(0)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()

    def read_journal(self):
        """Return what each call that may have been made costs at most, and how many processes were refused."""
        lines = self._journal.read_text(encoding="utf-8").splitlines() if self._journal.exists() else []
        pairs = [line.split() for line in lines]
        return {key: int(amount) for key, amount in pairs if key != "refused"}, Counter(key for key, _ in pairs)[
            "refused"
        ]

    async def wait_for(self, condition):
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not condition(*self.read_journal()):
                await asyncio.sleep(0.02)


@pytest.fixture
def spenders(emulator, tmp_path):
    started = []

    def make(cap, amount):
        started.append(Spenders(emulator, tmp_path, cap, amount))
        return started[-1]

    yield make
    for one in started:
        while one.running:
            one.kill_oldest()


@pytest.fixture
def reports(dynamodb):
    return DynamoUsageReports(client=dynamodb, table="UsageTable", clock=FakeClock())


async def test_what_a_killed_process_has_set_aside_counts_in_full(dynamodb, reports, spenders):
    """Twenty racers of another process get nothing of it, and 15 minutes later the report has it as estimates."""
    crowd = spenders(Cap.DAY, 7 * MAX_NANO_DOLLARS)
    crowd.start()
    await crowd.wait_for(lambda _calls, refused: refused == 1)
    crowd.kill_oldest()
    calls, _ = crowd.read_journal()
    assert sum(calls.values()) == crowd.amount
    store = DynamoSpendingStore(client=dynamodb, table="UsageTable", clock=FakeClock())
    racers = [
        Reservation(crowd.tenant, f"s{one}", CallKey(new_id(), 1, 1), "model", DAY, MAX_NANO_DOLLARS, NOW, EXPIRED)
        for one in range(RACERS)
    ]
    answers = await asyncio.gather(*(store.reserve(racer, {Cap.DAY: crowd.amount}) for racer in racers))
    assert not [answer for answer in answers if isinstance(answer, Reserved)]
    assert await reports.get_committed(crowd.tenant, DAY) == (crowd.amount, crowd.amount)
    assert await reports.list_current_totals(crowd.tenant, DAY, DAY, NOW) == []
    [row] = await reports.list_current_totals(crowd.tenant, DAY, DAY, EXPIRED)
    assert (row.totals.nano_dollars, row.totals.estimates, row.totals.calls) == (crowd.amount, 7, 7)


@pytest.mark.soak
@pytest.mark.parametrize("cap", [Cap.DAY, Cap.MONTH, Cap.ADDRESS])
async def test_no_cap_is_exceeded_while_processes_are_killed(reports, spenders, cap):
    """Three processes of twenty racers each, of which one is killed again and again, spend all that the cap allows."""
    crowd = spenders(cap, 400 * MAX_NANO_DOLLARS)
    for _ in range(3):
        crowd.start("--settle")
    kills = 0
    async with asyncio.timeout(600):
        while (found := crowd.read_journal())[1] < 2:
            if len(found[0]) >= 60 * (kills + 1):
                crowd.kill_oldest()
                crowd.start("--settle")
                kills += 1
            await check_counters(reports, crowd)
            await asyncio.sleep(0.05)
    while crowd.running:
        crowd.kill_oldest()
    committed = await check_counters(reports, crowd)
    made, records = crowd.read_journal()[0], {}
    async for record in reports.iterate_records(crowd.tenant, DAY):
        records[record.reservation.key.command_key] = record
    assert made.keys() <= records.keys(), "a call was made without a record"
    # A process that was killed before it noted a settlement leaves the whole reservation in the journal.
    spent = sum(records[key].count().nano_dollars for key in made)
    assert spent <= min(committed, crowd.amount)
    # Who was killed before it knew whether a cap refuses it made no call, and leaves a record that counts all the same.
    lost = [record for record in records.values() if record.result is None]
    [row] = await reports.list_current_totals(crowd.tenant, DAY, DAY, EXPIRED)
    print(f"{cap}: {len(made)} calls, {kills} kills, {len(lost)} estimates; {spent} spent, {committed} counted")
    assert row.totals.nano_dollars == sum(record.count().nano_dollars for record in records.values())
    assert (row.totals.calls, row.totals.estimates) == (len(records), len(lost))
    assert kills >= 3
    assert lost, "no process was killed between reservation and settlement"


async def check_counters(reports, crowd):
    """Return what counts for the day's cap; with another cap, the day's also counts what that is about to refuse."""
    committed, _ = await reports.get_committed(crowd.tenant, DAY)
    assert committed <= crowd.amount or crowd.cap is Cap.ADDRESS
    return committed
