"""What a message costs: reserved before each call, settled after it, refused over a cap."""

import asyncio
from dataclasses import replace
from datetime import date

import pytest

from shared.errors import LeaseLostError, PermanentError, TransientError
from shared.language_models.catalogue import find_model
from shared.messages.server import Usage
from shared.spending.rules import compute_cost
from shared.spending.values import Cap
from tests.fakes.model import USAGE, Do, Pause
from workers.chat.adapters.capped_spending import compute_reservation
from workers.chat.domain.history import Turn
from workers.chat.domain.prompt import Prompt
from workers.chat.ports import ModelRequest

MODEL_ID = "eu.anthropic.claude-haiku-4-5-20251001-v1:0"
TODAY = date(2026, 1, 12)
PROMPT = Prompt("instructions", "situation", (Turn("user", "Hello"),), (), MODEL_ID, 800)


def records(world):
    return [*world.spending.records.values()]


@pytest.fixture
def spend(make_profile):
    """Return a function that limits the dollars of the business."""

    def limit(world, **limits):
        world.tenants.blocking.profiles["salon-ania"] = make_profile(limits=limits, model={"id": MODEL_ID})

    return limit


async def test_an_answer_has_a_record_with_its_cost(world_of, spend):
    """Tenant, day, session, model, tokens, cost, stop reason, latency and attempt are in it, and in the sums."""
    world = world_of()
    spend(world)
    await world.handle(world.command().model_copy(update={"source_ip": "192.0.2.7"}))
    [record] = records(world)
    reservation, result = record.reservation, record.result
    assert (reservation.tenant, reservation.session_id, reservation.model_id) == ("salon-ania", "session", MODEL_ID)
    assert (reservation.day, reservation.key.attempt, reservation.key.number) == (TODAY, 1, 1)
    assert (result.usage, result.stop_reason, result.is_estimate) == (USAGE, "end_turn", False)
    cost = 100 * 1100 + 20 * 5500 + 50 * 110 + 10 * 1375
    assert result.nano_dollars == compute_cost(find_model(MODEL_ID).prices, USAGE) == cost
    assert result.nano_dollars < reservation.nano_dollars
    assert reservation.address_key
    assert "192.0.2.7" not in repr(world.spending.records)
    [day] = await world.spending.list_totals("salon-ania", TODAY, TODAY)
    assert (day.totals.nano_dollars, day.totals.conversations) == (cost, 1)
    assert await world.usage.get_output_tokens("salon-ania", "2026-01-12") == 20


async def test_over_each_cap_no_model_is_called_and_the_visitor_gets_a_reason(world_of, spend):
    """The refusal is durable; the visitor's message stays for staff."""
    for limits in (
        {"session_dollars": "0.000001"},
        {"daily_dollars": "0.000001"},
        {"monthly_dollars": "0.000001"},
        {"daily_dollars": "0.05", "visitor_share_percent": 1},
        {"daily_dollars": "0.05", "address_share_percent": 1, "visitor_share_percent": 100},
    ):
        world = world_of()
        spend(world, **limits)
        stored = await world.handle(world.command().model_copy(update={"source_ip": "192.0.2.7"}))
        assert [frame.type for frame in stored] == ["chat.sent", "error"], limits
        assert stored[-1].data.code == "BUDGET_EXCEEDED"
        assert "book" in stored[-1].data.message
        assert world.model.prompts == []
        assert records(world) == []


async def test_one_visitor_can_not_end_the_assistant_for_all(world_of, spend):
    """After their share of the day another visitor still gets an answer."""
    world = world_of()
    spend(world, daily_dollars="0.02", visitor_share_percent=40)
    answered = 0
    for number in range(30):
        command = world.command(client_id=f"a{number}")
        command = command.model_copy(update={"id": f"{number:064}"})
        await world.handler.handle(command, await world.claim(command))
        answered = len(world.model.prompts)
        if answered <= number:
            break
    assert 0 < answered < 30
    other = world.command(client_id="b").model_copy(update={"id": "f" * 64, "session_id": "other"})
    world.connections.open("other", "tab2", locale="en")
    await world.handler.handle(other, await world.claim(other))
    assert len(world.model.prompts) == answered + 1


async def test_calls_that_fail_or_are_stopped_count_too(world_of, spend):
    """A throttled call is free; one that was read costs its prompt, and one that wrote, what it wrote."""
    for script, reason, costs, estimated in [
        ([TransientError("throttled", reason="model_busy")], "model_busy", False, False),
        ([PermanentError("aws_ValidationException", "no")], "aws_ValidationException", False, False),
        ([TransientError("silent", reason="timeout")], "timeout", True, True),
        (["Hello", TransientError("cut", reason="model_failed")], "model_failed", True, True),
    ]:
        world = world_of(script, ["Fine."])
        spend(world)
        if reason.startswith("aws_"):
            with pytest.raises(PermanentError):
                await world.handle()
        else:
            await world.handle()
        first = records(world)[0]
        assert first.result.stop_reason == reason
        assert (first.result.nano_dollars > 0, first.result.is_estimate) == (costs, estimated), reason
        committed, _ = await world.spending.get_committed("salon-ania", TODAY)
        assert committed == sum(record.result.nano_dollars for record in records(world))


async def test_a_stopped_answer_costs_what_was_written(world_of, spend):
    """The model does not report its usage then, so the record is an estimate."""
    world = world_of()
    command = world.command()
    stop = Do(lambda: world.claims.request_stop(command.id, now=world.clock.now()))
    world.model._scripts = [["Hello there", stop, Pause(30)]]
    spend(world)
    await world.handle(command)
    [record] = records(world)
    assert (record.result.stop_reason, record.result.is_estimate) == ("stopped", True)
    assert record.result.nano_dollars > 0


async def test_a_store_that_fails_after_the_answer_does_not_discard_it(world_of, spend):
    """The visitor gets the answer; the reservation stays, and counts in full."""
    world = world_of()
    world.model._scripts = [["Hello!", Do(lambda: setattr(world.spending, "is_down", True))]]
    spend(world)
    stored = await world.handle()
    assert stored[-1].data.text == "Hello!"
    [record] = records(world)
    assert record.result is None
    world.spending.is_down = False
    committed, _ = await world.spending.get_committed("salon-ania", TODAY)
    assert committed == record.reservation.nano_dollars == record.count().nano_dollars


async def test_a_store_that_is_slow_after_the_answer_does_not_keep_it_back(world_of, spend, monkeypatch):
    """It gets three seconds."""
    world = world_of()
    monkeypatch.setattr("workers.chat.adapters.capped_spending.RECORD_SECONDS", 0.01)
    monkeypatch.setattr(world.spending, "settle", lambda *_: asyncio.Event().wait())
    spend(world)
    assert (await world.handle())[-1].data.text == "Hello!"


async def test_a_store_that_fails_before_the_call_makes_none(world_of, spend):
    """Without a reservation no cap would hold; the worker tries again."""
    world = world_of()
    spend(world)
    world.spending.is_down = True
    with pytest.raises(TransientError):
        await world.handle()
    assert world.model.prompts == []


async def test_another_attempt_and_a_replay_have_reservations_of_their_own(world_of, spend):
    """What a killed worker reserved stays beside what the next one does."""
    world = world_of()
    kill = Do(lambda: setattr(world.spending, "is_down", True))
    world.model._scripts = [["Hello", kill, LeaseLostError("k")], ["Hello!"]]
    spend(world)
    command = world.command()
    claim = await world.claim(command)
    with pytest.raises(LeaseLostError):
        await world.handler.handle(command, claim)
    world.spending.is_down = False
    await world.claims.release(claim)
    await world.handler.handle(command, await world.claim(command))
    replay = command.model_copy(update={"replay": 1})
    await world.handler.handle(replay, await world.claim(replay))
    keys = [record.reservation.key for record in records(world)]
    assert records(world)[0].result is None
    assert [(key.command_key, key.attempt) for key in keys] == [
        (command.id, 1),
        (command.id, 2),
        (f"{command.id}#r1", 1),
    ]


async def test_an_empty_answer_that_is_requested_again_has_two_records(world_of, spend):
    """Both calls cost something, within one attempt."""
    world = world_of([], ["Fine."])
    spend(world)
    await world.handle()
    numbers = [record.reservation.key.number for record in records(world)]
    assert len(world.model.prompts) == len(set(numbers)) == 2
    committed, _ = await world.spending.get_committed("salon-ania", TODAY)
    assert committed == sum(record.result.nano_dollars for record in records(world)) > 0


async def test_the_owner_is_warned_once_a_day_and_once_a_month(world_of, spend):
    """At four fifths, by an alert without any data of visitors; a queue that fails stops no answer."""
    world = world_of()
    spend(world, daily_dollars="0.010", monthly_dollars="0.010", visitor_share_percent=100, address_share_percent=100)
    world.notices.errors.append(TransientError("queue"))
    for number in range(3):
        command = world.command(client_id=f"a{number}").model_copy(update={"id": f"{number:064}"})
        await world.handler.handle(command, await world.claim(command))
    assert len(world.model.prompts) >= 2
    assert world.spending.warned == {("salon-ania", Cap.DAY, TODAY), ("salon-ania", Cap.MONTH, "2026-01")}
    [alert] = world.notices.put_in_all
    assert (alert.data.reason, alert.tenant) == ("budget_month", "salon-ania")
    assert "limits.monthly_dollars" in alert.data.advice


def test_a_reservation_covers_the_whole_prompt_and_all_output_tokens():
    """Bytes, not characters, count, so that no script of the world is underestimated."""
    request = ModelRequest("t", "c", 1, MODEL_ID, PROMPT)
    least = compute_reservation(request)
    assert least > 800 * 5500
    longer = replace(PROMPT, turns=(Turn("user", "ż" * 3000),))
    assert compute_reservation(replace(request, prompt=longer)) - least >= 1995 * 1375
    assert compute_reservation(replace(request, prompt=replace(PROMPT, max_output_tokens=801))) - least == 5500
    assert compute_cost(find_model(MODEL_ID).prices, Usage(input_tokens=700, output_tokens=800)) < least
