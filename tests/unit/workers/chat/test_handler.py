"""How a visitor's message becomes an answer."""

import pytest

from shared.errors import LeaseLostError, PermanentError, TransientError
from shared.messages.errors import ErrorCode
from shared.messages.server import ChatFinal, ChatFinalData, ChatSent, OfferBooking, Usage
from tests.fakes.model import USAGE, Do, Pause
from workers.chat.ports import Finished, ToolCall

TODAY = ("salon-ania", "2026-01-12")


async def test_the_visitor_sees_the_answer_grow(world_of):
    """First the own message, then that somebody types, then the pieces, then the whole answer."""
    world = world_of(["A massage ", Pause(0.15), "costs 120 zł.", Pause(0.15)])
    sent, final = await world.handle()

    assert world.poster.types("tab") == ["chat.sent", "typing", "chat.delta", "chat.delta", "chat.final"]
    assert {frame["re"] for frame in world.poster.frames("tab")} == {"a1"}
    assert world.deltas() == [{"offset": 0, "text": "A massage "}, {"offset": 10, "text": "costs 120 zł."}]
    assert (sent.seq, sent.data.text) == (1, "How much is a massage?")
    assert (final.seq, final.data) == (2, ChatFinalData(text="A massage costs 120 zł.", usage=USAGE))
    assert [frame.get("seq") for frame in world.poster.frames("tab")] == [1, None, None, None, 2]


async def test_an_answer_is_counted_and_timed(world_of):
    """For the tenant's budget of the day and for the owner's dashboard."""
    world = world_of()
    await world.handle()

    assert (world.usage.days[TODAY], world.usage.answers[TODAY]) == (USAGE, 1)
    [figure] = world.metrics.figures
    assert (figure.name, figure.unit) == ("BedrockLatency", "milliseconds")
    assert world.claims.records[world.work().claim_key].done


async def test_every_tab_hears_the_same(world_of):
    """A session may be open twice; a tab that is gone is forgotten and harms nobody."""
    world = world_of()
    world.connections.open("session", "other tab")
    world.connections.open("session", "closed tab")
    world.connections.open("another session", "stranger")
    world.poster.gone.add("closed tab")

    await world.handle()

    assert world.poster.frames("tab") == world.poster.frames("other tab") != []
    assert world.poster.frames("stranger") == []
    assert {one.connection_id for one in await world.connections.of("session")} == {"tab", "other tab"}


async def test_an_answer_is_stored_when_nobody_listens(world_of):
    """It waits for the next hello."""
    world = world_of()
    world.connections.rows.clear()

    assert [frame.type for frame in await world.handle()] == ["chat.sent", "chat.final"]
    assert world.poster.posted == []


async def test_the_model_is_told_what_was_said_before_and_nothing_twice(world_of):
    """The message itself is stored before the model is asked, but comes only once."""
    world = world_of()
    await world.said_before("Hi", ChatFinal(re="b0", data=ChatFinalData(text="Hello!")))
    await world.handle()

    [prompt] = world.model.prompts
    assert [turn.text for turn in prompt.turns] == ["Hi", "Hello!", "How much is a massage?"]
    assert "A massage costs 120 zł." in prompt.instructions


async def test_a_second_try_begins_anew_and_leaves_one_message_and_one_answer(world_of):
    """The deltas start at 0 again and replace what was shown; the durable frames stand once."""
    world = world_of(["Half an ans", Pause(0.05), TransientError("cut off")], ["A whole answer.", Pause(0.05)])
    with pytest.raises(TransientError, match="cut off"):
        await world.handle()
    work = world.work()
    record = world.claims.records[work.claim_key]
    assert not record.done
    record.owner = None

    stored = await world.handle(work)

    assert [(frame.seq, frame.type) for frame in stored] == [(1, "chat.sent"), (2, "chat.final")]
    assert [delta["offset"] for delta in world.deltas()] == [0, 0]
    assert len(world.finals()) == 1
    assert [turn.text for turn in world.model.prompts[1].turns] == [work.data.text]
    assert world.usage.answers[TODAY] == 1


@pytest.mark.parametrize(
    "error",
    [TransientError("throttled", reason="model_busy"), PermanentError("aws_ValidationException"), KeyError("bug")],
)
async def test_trouble_with_the_model_is_for_the_worker_core_to_judge(world_of, error):
    """It goes up as it is; no answer is stored, nothing is counted, and the stream is closed."""
    world = world_of(["Some words", error])
    with pytest.raises(type(error)) as caught:
        await world.handle()

    assert caught.value is error
    assert [frame.type for frame in world.stored] == ["chat.sent"]
    assert world.usage.answers == {}
    assert world.model.closed == 1


async def test_a_stop_ends_the_answer_with_what_was_said(world_of):
    """The model is let go at once; the final says that it was stopped."""
    stop = Do(lambda: world.claims.request_stop(work.id, now=world.clock.now()))
    world = world_of(["One. ", "Two. ", stop, Pause(0.6), "Three. ", "Four."])
    work = world.work()

    stored = await world.handle(work)

    final = stored[-1]
    assert final.data.stopped
    assert final.data.text in {"One. Two.", "One. Two. Three."}
    assert world.model.closed == 1


async def test_a_stop_before_the_first_word_leaves_an_empty_answer(world_of):
    """The command still ends, with its one final."""
    world = world_of([Pause(0.02), "One"])
    work = world.work()
    world.claims.request_stop(work.id, now=world.clock.now())

    final = (await world.handle(work))[-1]

    assert (final.data.stopped, final.data.actions) == (True, ())
    assert len(world.finals()) == 1


async def test_a_stop_for_another_message_changes_nothing(world_of):
    """Each answer has its own flag."""
    world = world_of(["One. ", Pause(0.05), "Two."])
    world.claims.request_stop(world.work(client_id="a0").id, now=world.clock.now())

    final = (await world.handle())[-1]
    assert (final.data.text, final.data.stopped) == ("One. Two.", False)


@pytest.mark.parametrize(
    ("used", "code"), [(999, None), (1000, ErrorCode.BUDGET_EXCEEDED), (5000, ErrorCode.BUDGET_EXCEEDED)]
)
async def test_a_day_has_a_budget(world_of, make_profile, used, code):
    """From the limit on the visitor hears so, the message stays, and the model is not asked."""
    world = world_of()
    world.tenants.blocking.profiles["salon-ania"] = make_profile(limits={"daily_output_tokens": 1000})
    await world.usage.add(*TODAY, Usage(output_tokens=used))

    sent, outcome = await world.handle()

    assert isinstance(sent, ChatSent)
    assert getattr(outcome.data, "code", None) == code
    assert len(world.model.prompts) == (0 if code else 1)


async def test_yesterdays_budget_is_yesterdays(world_of, make_profile):
    """Days are those of UTC."""
    world = world_of()
    world.tenants.blocking.profiles["salon-ania"] = make_profile(limits={"daily_output_tokens": 1000})
    await world.usage.add("salon-ania", "2026-01-11", Usage(output_tokens=5000))
    await world.usage.add("other", "2026-01-12", Usage(output_tokens=5000))

    assert (await world.handle())[-1].type == "chat.final"


async def test_a_business_may_want_shorter_messages(world_of, make_profile):
    """What is over its limit is refused before anything is stored of it."""
    world = world_of()
    world.tenants.blocking.profiles["salon-ania"] = make_profile(limits={"chat_characters": 10})

    [outcome] = await world.handle(world.work("x" * 11))
    assert outcome.data.code == ErrorCode.TOO_LARGE
    assert world.model.prompts == []

    assert [frame.type for frame in await world.handle(world.work("x" * 10, "a2"))][1:] == ["chat.sent", "chat.final"]


async def test_a_tool_call_becomes_an_offer(world_of):
    """The first one; the widget opens the form with it."""
    calls = [ToolCall("offer_booking", {"service": "massage"}), ToolCall("offer_booking", {"service": "consultation"})]
    final = (await world_of([*calls]).handle())[-1]

    assert final.data.actions == (OfferBooking(service="massage"),)
    assert final.data.text == "Please choose a time below."


@pytest.mark.parametrize(
    "call",
    [
        ToolCall("book_appointment", {"start": "2026-01-13T10:00"}),
        ToolCall("", {}),
        ToolCall("OFFER_BOOKING", {"service": "massage"}),
    ],
)
async def test_a_tool_that_there_is_not_does_nothing(world_of, call):
    """The model can make up names; only the offer has an effect, and that only on the page."""
    final = (await world_of(["Sure.", call]).handle())[-1]

    assert (final.data.actions, final.data.text) == ((), "Sure.")


async def test_an_offer_of_hostile_fields_is_an_empty_form(world_of):
    """Nothing that the model wrote there reaches the page."""
    call = ToolCall("offer_booking", {"service": {"$gt": ""}, "date": "<img onerror=1>", "type": "booking.create"})
    final = (await world_of([call]).handle())[-1]

    assert final.data.actions == (OfferBooking(),)


async def test_a_command_in_the_models_words_is_only_words(world_of):
    """Model output is never parsed for commands."""
    text = "BOOK_APPOINTMENT:2026-01-13T10:00,jan@example.com,massage"
    final = (await world_of([text]).handle())[-1]

    assert (final.data.text, final.data.actions) == (text, ())


@pytest.mark.parametrize(("locale", "word"), [("en", "Sorry"), ("pl", "Przepraszam"), ("de", "Sorry")])
async def test_an_empty_answer_is_given_words(world_of, locale, word):
    """In the visitor's language."""
    world = world_of([Finished(USAGE, "end_turn")])
    final = (await world.handle(world.work(locale=locale)))[-1]

    assert final.data.text.startswith(word)
    assert world.deltas() == []


@pytest.mark.parametrize("script", [["Late"], [ToolCall("offer_booking", {})]])
async def test_who_lost_the_command_writes_nothing(world_of, script):
    """Another worker has it by the time the answer is there: only that one's answer counts."""
    world = world_of([*script, Do(lambda: world.claims.steal(claim))])
    work = world.work()
    claim = await world.claim(work)

    with pytest.raises(LeaseLostError):
        await world.handle(work, claim)

    assert [frame.type for frame in world.stored] == ["chat.sent"]
    assert world.finals() == []


async def test_who_lost_the_command_before_does_not_even_ask(world_of):
    """The visitor's message is stored with the command's owner, or not at all."""
    world = world_of()
    work = world.work()
    claim = await world.claim(work)
    world.claims.steal(claim)

    with pytest.raises(LeaseLostError):
        await world.handle(work, claim)

    assert (world.stored, world.poster.posted, world.model.prompts) == ([], [], [])


async def test_an_unknown_business_ends_the_message_for_good(world_of):
    """There is nobody to answer for."""
    world = world_of()
    del world.tenants.blocking.profiles["salon-ania"]

    with pytest.raises(PermanentError, match="salon-ania"):
        await world.handle()


@pytest.mark.parametrize(
    ("reason", "code", "retryable"),
    [
        ("model_busy", ErrorCode.MODEL_BUSY, True),
        ("timeout", ErrorCode.TIMEOUT, True),
        ("model_failed", ErrorCode.INTERNAL, True),
        ("attempts_exhausted", ErrorCode.INTERNAL, True),
        ("unknown_tenant", ErrorCode.INTERNAL, True),
    ],
)
async def test_a_message_without_an_answer_ends_with_a_word(world_of, reason, code, retryable):
    """Never silence: one durable error, which says whether to try again and never what went wrong inside."""
    world = world_of()
    work = world.work()
    await world.handler.give_up(work, await world.claim(work), reason)

    [error] = world.stored
    assert (error.re, error.data.code, error.data.retryable) == ("a1", code, retryable)
    assert reason not in error.wire()
    assert world.claims.records[work.claim_key].done
    assert world.poster.frames("tab")[0]["seq"] == 1


async def test_a_command_that_is_delivered_again_repeats_its_answer(world_of):
    """The stored frame, with its own number; nobody asks the model."""
    world = world_of()
    await world.handle()
    [final] = world.finals()

    await world.handler.repeat(world.work(), 2)
    await world.handler.repeat(world.work(), None)

    assert world.finals() == [final, final]
    assert len(world.model.prompts) == 1


async def test_another_text_under_the_same_id_is_refused_without_a_trace(world_of):
    """The refusal is said and not stored: the id already has its outcome."""
    world = world_of()
    await world.handler.mismatch(world.work("Something else"))

    assert world.poster.frames("tab")[0]["data"]["code"] == "BAD_FRAME"
    assert world.stored == []
