"""What text messages may cost a business in a day: who still gets one, who is told, and what a failure costs."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from shared.errors import PermanentError, TransientError
from workers.notifications.domain import compute_highest_price, count_parts
from workers.notifications.ports import UnknownOutcomeError

PHONE = {"contact": "+48600700800", "contact_kind": "phone"}
TODAY = date(2026, 1, 12)
PRICE = 200_000_000
"""Nano-dollars of a message of one part."""


@pytest.fixture
def world(new_world, make_profile):
    """A business whose text messages may cost 0.50 dollars in a day: two of them."""
    return new_world(make_profile(limits={"daily_sms_dollars": 0.5}))


async def send(world, make_notice, kind="code", number=0):
    data = PHONE | {"contact": f"+4860070080{number}", "appointment_id": f"{number:032}"}
    return await world.handle(make_notice(kind, id=f"{kind}-{number}", data=data))


@pytest.mark.parametrize(
    ("text", "parts"),
    [("", 1), ("a" * 160, 1), ("a" * 161, 2), ("€" * 80, 1), ("€" * 80 + "a", 2), ("a" * 306, 2), ("a" * 307, 3)],
)
def test_a_message_is_billed_by_its_parts(text, parts):
    """160 septets are one part, more are parts of 153; some characters are two septets."""
    assert count_parts(text) == parts
    assert compute_highest_price(text, Decimal("0.20")) == parts * PRICE


async def test_beyond_the_budget_a_code_fails_and_a_reminder_is_dropped(world, make_notice):
    """The failure tells the visitor what else a code can be sent to, and is at the desk."""
    for number in range(2):
        assert await send(world, make_notice, number=number) is None
    for number, kind in enumerate(("code", "confirmed", "cancelled", "rescheduled", "choose_again"), 3):
        with pytest.raises(PermanentError) as caught:
            await send(world, make_notice, kind, number=number)
        assert caught.value.reason == "sms_budget_used"
    assert await send(world, make_notice, "reminder", number=8) == "not_sent"
    assert len(world.sms_sender.sent) == 2
    assert world.sms_budgets.spent == {("salon-ania", TODAY): 2 * PRICE}
    assert await world.handle(make_notice("confirmed", id="by-mail")) is None


async def test_the_operators_are_alerted_once_a_day(world, make_notice):
    """Each refusal counts; the next day of the business begins with nothing spent."""
    for number in range(5):
        try:
            await send(world, make_notice, number=number)
        except PermanentError:
            continue
    assert [alert.data.reason for alert in world.alerts.sent] == ["sms_budget_used"]
    assert "+48" not in world.alerts.sent[0].data.advice
    assert [figure.name for figure in world.metrics.figures] == ["TextMessagesRefused"] * 3
    world.clock.set(datetime(2026, 1, 12, 23, 0, tzinfo=UTC))
    notice = make_notice("confirmed", id="tomorrow", accepted_at="2026-01-12T23:00:00Z", data=PHONE)
    assert await world.handle(notice) is None
    assert world.sms_budgets.spent["salon-ania", TODAY + timedelta(days=1)] == PRICE


@pytest.mark.parametrize(
    ("error", "spent"),
    [
        (TransientError("throttled"), 0),
        (PermanentError("sms_rejected"), 0),
        (UnknownOutcomeError("no response"), PRICE),
        (OSError("the worker was killed"), PRICE),
    ],
)
async def test_only_a_message_that_was_certainly_not_sent_costs_nothing(world, make_notice, error, spent):
    """What may have been sent counts: too much, never too little."""
    world.sms_sender.errors.append(error)
    with pytest.raises(type(error)):
        await send(world, make_notice)
    assert world.sms_budgets.spent == {("salon-ania", TODAY): spent}


async def test_the_installations_budget_applies_where_a_business_has_none(new_world, make_notice):
    """A message that alone costs more than the budget is refused."""
    world = new_world()
    world.use(sms_daily_usd=Decimal("0.1"))
    with pytest.raises(PermanentError):
        await send(world, make_notice)
    assert world.sms_sender.sent == []


async def test_an_alert_that_fails_delays_no_refusal(world, make_notice):
    """It is in the log all the same."""
    world.alerts.errors.append(TransientError("throttled"))
    for number in range(2):
        await send(world, make_notice, number=number)
    with pytest.raises(PermanentError) as caught:
        await send(world, make_notice, number=2)
    assert caught.value.reason == "sms_budget_used"
