"""Budgets of text messages in memory."""

import asyncio
from datetime import date, datetime


class FakeTextMessageBudgets:
    """`TextMessageBudgets`: each call checks and writes at once."""

    def __init__(self) -> None:
        self.spent: dict[tuple[str, date], int] = {}
        self.alerted: set[tuple[str, date]] = set()

    async def reserve(self, tenant: str, day: date, price: int, *, budget: int, now: datetime) -> bool:
        """Add the price to what is spent, unless that exceeded the budget."""
        del now
        await asyncio.sleep(0)
        spent = self.spent.get((tenant, day), 0) + price
        if spent > budget:
            return False
        self.spent[tenant, day] = spent
        return True

    async def release(self, tenant: str, day: date, price: int) -> None:
        """Take back the price of a message that was not sent."""
        await asyncio.sleep(0)
        if (tenant, day) in self.spent:
            self.spent[tenant, day] -= price

    async def note_alert(self, tenant: str, day: date, *, now: datetime) -> bool:
        """Note that the operators are alerted; return False if that was noted before."""
        del now
        await asyncio.sleep(0)
        is_new = (tenant, day) not in self.alerted
        self.alerted.add((tenant, day))
        return is_new

    async def get_spent(self, tenant: str, day: date) -> int:
        """Return what is spent."""
        await asyncio.sleep(0)
        return self.spent.get((tenant, day), 0)
