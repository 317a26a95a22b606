"""Counts the effects of all visitors' commands: what was lost, and what came twice."""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ops.desk.desk import Desk
from ops.desk.domain.values import ForecastKind, Operator
from shared.ledger.rules import OPEN
from tests.e2e.backstage import Backstage, get_appointment_id
from tests.soak.recovery.persistent_visitor import Exchange
from tests.soak.recovery.visits import Booking, Visits

_SETTLE_SECONDS = 60
OPERATOR = Operator("tester")
_QUERIES = frozenset({"connect", "slots", "e-mail"})


@dataclass
class Effects:
    """What was lost and doubled; and the dead letters, which are no loss: a visitor hears of each."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    repeated_codes: int = 0
    """E-mails with the same code: allowed after a crash between the provider's yes and our record."""
    replayed: int = 0
    """Events that an operator has entered: they waited in the ledger, with the forecast that a replay enters them."""
    dead_letters: int = 0

    def __str__(self) -> str:
        counts = {
            "lost": len(self.lost),
            "doubled": len(self.doubled),
            "codes repeated": self.repeated_codes,
            "replayed": self.replayed,
            "dead letters": self.dead_letters,
        }
        return ", ".join(f"{what} {count}" for what, count in counts.items())


async def count_effects(visits: Visits, backstage: Backstage, desk: Desk | None = None) -> Effects:
    """Count them, once the events and e-mails that are still due have come, or the time for it is over.

    An event that waits in the ledger is not lost: with a desk it is replayed first, as an operator does.
    """
    effects = Effects()
    for exchange in visits.list_exchanges():
        judge_exchange(exchange, effects)
    confirmed = [booking for booking in visits.bookings if booking.is_confirmed]
    await _wait_until_settled(confirmed, visits, backstage)
    sessions = {visitor.session for visitor in visits.visitors}
    if desk:
        effects.replayed = await replay_events(desk, await asyncio.to_thread(backstage.rows, "failures"), sessions)
    if effects.replayed:
        await _wait_until_settled(confirmed, visits, backstage)
    rows = await asyncio.to_thread(backstage.rows, "appointments")
    events = [get_appointment_id(event) for event in await asyncio.to_thread(backstage.all_events)]
    for booking in visits.bookings:
        states = [row["state"] for row in rows if row["session_id"] == booking.visitor.session]
        kept = [state for state in states if state != "cancelled"]
        _judge(f"appointments of {booking.address}", len(kept), count_due(booking, "hold"), effects)
        own = events.count(booking.appointment_id) if booking.appointment_id else 0
        due = count_due(booking, "verify")
        _judge(f"events of {booking.address}", own, due, effects)
        _judge(f"confirmations to {booking.address}", visits.mailbox.count_others(booking.address), due, effects)
        effects.repeated_codes += max(0, visits.mailbox.count_codes(booking.address) - booking.codes_requested)
    failures = await asyncio.to_thread(backstage.rows, "failures")
    effects.dead_letters = sum(row.get("session_id") in sessions for row in failures)
    return effects


async def replay_events(desk: Desk, failures: Iterable[Mapping[str, Any]], sessions: Collection[str]) -> int:
    """Replay the events of these sessions that wait in the ledger, and return how many; each must have the forecast."""
    waiting = [
        row["failure_id"]
        for row in failures
        if row.get("session_id") in sessions and row["type"] == "booking.settle_entry" and row["state"] in OPEN
    ]
    if waiting:
        forecasts = (await desk.replay_failures(OPERATOR, waiting, dry_run=True)).forecasts
        assert forecasts == {ForecastKind.WOULD_BE_ENTERED: len(waiting)}, forecasts
        assert (await desk.replay_failures(OPERATOR, waiting)).replayed == len(waiting)
    return len(waiting)


def count_due(booking: Booking, name: str) -> range:
    """Return how often an effect may be there: once after an answer, and perhaps once while one is awaited."""
    asked = [one for one in booking.visitor.exchanges.values() if one.kind == name]
    has_succeeded = any(one.has_succeeded for one in asked)
    return range(has_succeeded, 1 + (has_succeeded or any(not one.end for one in asked)))


def judge_exchange(exchange: Exchange, effects: Effects) -> None:
    """Note whether a command has no end, or several: a query may be answered again."""
    ends = exchange.count_ends()
    if not ends:
        effects.lost.append(f"{exchange.kind} ({exchange.phase})")
    if ends > 1 and exchange.kind not in _QUERIES:
        effects.doubled.append(f"{exchange.kind} ({exchange.phase}): {ends} ends")


def _judge(what: str, count: int, due: range, effects: Effects) -> None:
    if count < due.start:
        effects.lost.append(what)
    if count >= due.stop:
        effects.doubled.append(f"{what}: {count}")


async def _wait_until_settled(confirmed: Iterable[Booking], visits: Visits, backstage: Backstage) -> None:
    """Return once each confirmed visit has its event and its e-mail; give up after a while."""
    due = {booking.appointment_id: booking.address for booking in confirmed}
    try:
        async with asyncio.timeout(_SETTLE_SECONDS):
            while not (
                due.keys() <= {get_appointment_id(event) for event in await asyncio.to_thread(backstage.all_events)}
                and all(visits.mailbox.count_others(address) for address in due.values())
            ):
                await asyncio.sleep(0.5)
    except TimeoutError:
        return
