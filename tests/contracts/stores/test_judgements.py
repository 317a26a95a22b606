"""Visitors' judgements: with the answer that they judge, listed by business, gone with it."""

from datetime import timedelta

import pytest

from shared.conversations.judgements import JudgedAnswer, Judgement
from shared.ids import new_id
from shared.messages.server import SERVER_FRAME, ChatFinal, ChatFinalData

LEASE = timedelta(seconds=30)


@pytest.fixture
def answer(stores):
    """Return what lets a session have an answer; it returns its number."""

    async def answer(session, text="We close at six."):
        claim = await stores.claims.claim(new_id(), fingerprint="print", lease=LEASE)
        frame = ChatFinal(re="m1", data=ChatFinalData(text=text))
        stored = await stores.conversations.append(session, frame, claim=claim, marker="outcome")
        return stored.seq

    return answer


async def test_a_judgement_is_stored_with_its_answer(stores, answer, clock):
    """The conversation shows it, a second one replaces it, and the frame stays as it was."""
    session, tenant = new_id(), new_id()
    seq, other = await answer(session), await answer(session, "Yes.")
    before = stores.judgements.read_frame(session, seq)
    down, up = Judgement("down", 'It "closes" at five. 🕔', clock.now()), Judgement("up", "", clock.now() + LEASE)

    assert stores.judgements.store_judgement(session, seq, down, tenant=tenant)
    tail = await stores.conversations.get_tail(session, 10)
    assert tail.judgements == {seq: down}
    assert await stores.judged.list_judged(tenant, "down", limit=5) == [
        JudgedAnswer(session, seq, "We close at six.", down)
    ]

    assert stores.judgements.store_judgement(session, seq, up, tenant=tenant)
    assert (await stores.conversations.get_tail(session, 10)).judgements == {seq: up}
    assert await stores.judged.list_judged(tenant, "down", limit=5) == []
    assert await stores.judged.list_judged(tenant, "up", limit=5) == [
        JudgedAnswer(session, seq, "We close at six.", up)
    ]
    assert stores.judgements.read_frame(session, seq) == before
    assert SERVER_FRAME.validate_json(stores.judgements.read_frame(session, other)).data.text == "Yes."


async def test_nothing_is_created_by_a_judgement(stores, answer, clock):
    """An answer that is not there, or not any more, gets no row: nothing would ever delete it."""
    session, tenant = new_id(), new_id()
    seq = await answer(session)
    judgement = Judgement("down", "", clock.now())

    for whose, number in ((session, seq + 1), (session, 2**53 - 1), (new_id(), seq)):
        assert stores.judgements.read_frame(whose, number) is None
        assert not stores.judgements.store_judgement(whose, number, judgement, tenant=tenant)
    assert (await stores.conversations.get_tail(session, 10)).last_seq == seq
    assert await stores.judged.list_judged(tenant, "down", limit=5) == []


async def test_the_latest_judgements_come_first_and_others_are_other_lists(stores, answer, clock):
    """A list has one verdict of one business, and no more than it was asked for."""
    tenant, sessions = new_id(), [new_id() for _ in range(3)]
    for number, session in enumerate(sessions):
        judgement = Judgement("down", f"{number}", clock.now() + number * LEASE)
        stores.judgements.store_judgement(session, await answer(session), judgement, tenant=tenant)
    stores.judgements.store_judgement(
        sessions[0], await answer(sessions[0]), Judgement("down", "", clock.now()), tenant=new_id()
    )

    assert [one.judgement.reason for one in await stores.judged.list_judged(tenant, "down", limit=5)] == ["2", "1", "0"]
    assert [one.session_id for one in await stores.judged.list_judged(tenant, "down", limit=1)] == [sessions[2]]
    assert await stores.judged.list_judged(tenant, "up", limit=5) == []
