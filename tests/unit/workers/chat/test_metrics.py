"""Which metrics a message leaves, with which dimensions and values."""

from shared.errors import PermanentError, TransientError
from shared.language_models.catalogue import find_model
from shared.spending.rules import compute_cost
from tests.fakes.model import USAGE, Do, Pause
from workers.chat.handler.attempts import MAX_CALLS
from workers.chat.ports import Finished, ToolCall

COST = compute_cost(find_model("first-model").prices, USAGE)
FIRST_TOKEN = ("FirstTokenTime", ("Model", "first-model"))
BUSY, SILENT = TransientError("429", reason="model_busy"), TransientError("silent", reason="timeout")
SUMMARY = [("AnswerCostNanoDollars",), ("BedrockLatency",)]


def ended(reason):
    return ("ModelCalls", ("Model", "first-model"), ("Outcome", reason))


CASES = {
    "an answer": ([["Hel", "lo!"]], [FIRST_TOKEN, ended("end_turn")], 1),
    "an offer": ([[ToolCall("offer_booking")]], [FIRST_TOKEN, ended("end_turn")], 1),
    "a cut answer": ([["Hello", Finished(USAGE, "max_tokens")]], [FIRST_TOKEN, ended("max_tokens")], 1),
    "a declined one": ([[Finished(USAGE, "refusal")]], [ended("refusal")], 1),
    "a second try": ([[BUSY], ["Hello!"]], [ended("model_busy"), FIRST_TOKEN, ended("end_turn")], 1),
    "an empty answer first": (
        [[Finished(USAGE, "end_turn")], ["Hello!"]],
        [ended("end_turn"), FIRST_TOKEN, ended("end_turn")],
        2,
    ),
    "no answer": ([[PermanentError("aws_ValidationException")]], [ended("aws_ValidationException")], 0),
    "silence": ([[SILENT]], [ended("timeout")] * MAX_CALLS, None),
    "a broken stream": (
        [["Hel", TransientError("cut", reason="model_failed")]],
        [FIRST_TOKEN, ended("model_failed")] * MAX_CALLS,
        None,
    ),
}


async def test_every_message_leaves_its_metrics(world_of):
    """Failed calls too, by their end; the first word's time only where there was one, the message's cost once."""
    for name, (script, expected, complete_calls) in CASES.items():
        world = world_of(*script)
        try:
            await world.handle()
        except PermanentError:
            assert name in {"no answer", "silence", "a broken stream"}, name
        figures = world.metrics.figures
        labels = [(figure.name, *figure.dimensions) for figure in figures]
        assert sorted(labels) == sorted([*expected, *SUMMARY]), name
        values = {figure.name: figure for figure in figures}
        cost, settled = values["AnswerCostNanoDollars"], world.spending.records.values()
        assert (cost.value, cost.unit) == (sum(record.result.nano_dollars for record in settled), "nano-dollars"), name
        assert complete_calls is None or cost.value == complete_calls * COST, name
        assert (values["BedrockLatency"].unit, values["BedrockLatency"].value >= 0) == ("milliseconds", True), name


async def test_a_message_without_a_call_leaves_no_latency(world_of, make_profile):
    """At its cap, or stopped before the model was asked: an average of zeros would hide an outage."""
    capped = world_of()
    capped.tenants.blocking.profiles["salon-ania"] = make_profile(limits={"session_dollars": "0.000001"})
    await capped.handle()
    stopped = world_of()
    command = stopped.command()
    stopped.claims.request_stop(command.claim_key, now=stopped.clock.now())
    await stopped.handle(command)

    assert (capped.metrics.figures, stopped.metrics.figures) == ([], [])
    assert (capped.model.prompts, stopped.model.prompts) == ([], [])


async def test_a_stopped_answer_is_counted_as_stopped(world_of):
    """With the cost of what has come."""
    world = world_of(
        ["Hello ", Do(lambda: world.claims.request_stop(world.command().id, now=world.clock.now())), Pause(5)]
    )
    await world.handle()

    assert ended("stopped") in [(figure.name, *figure.dimensions) for figure in world.metrics.figures]
    assert world.metrics.total("AnswerCostNanoDollars") > 0


async def test_a_cost_that_could_not_be_recorded_counts_in_full(world_of):
    """As the caps count it: the whole reservation."""
    world = world_of(["Hello!", Do(lambda: setattr(world.spending, "is_down", True))])
    await world.handle()
    [record] = world.spending.records.values()

    assert world.metrics.total("AnswerCostNanoDollars") == record.reservation.nano_dollars > COST
