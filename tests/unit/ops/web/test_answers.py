"""The pages about answers."""

import re
from datetime import timedelta

from shared.conversations.judgements import Judgement
from shared.unanswered import AskedQuestion
from tests.fakes.clock import NOON
from tests.unit.ops.web.conversations import final, sent, store_frames

PAGE = "/answers/salon-ania"
HOSTILE = "<script>alert('x')</script>"


def ask(owner, world, *questions, tenant="salon-ania"):
    async def count():
        for group, example in questions:
            await world.questions.count_question(tenant, NOON.date(), AskedQuestion(group, example, "pl"), now=NOON)

    owner.http.portal.call(count)


def test_judged_answers_lead_to_their_conversations(owner, world):
    """The worst first, with the visitor's words; those of another business are on its page."""
    owner.http.portal.call(store_frames(world, sent("Dogs?"), final("Yes, dogs."), final("At six.")))
    for seq, verdict, tenant in ((2, "up", "salon-ania"), (3, "down", "salon-ania"), (1, "down", "studio-bea")):
        world.conversations.judged["s-1", seq] = (tenant, Judgement(verdict, f"{HOSTILE} {seq}", NOON))

    page = owner.get(PAGE).text

    assert re.findall(r'<li data-verdict="(\w+)"', page) == ["down", "up"]
    assert page.index("At six.") < page.index("Yes, dogs.")
    assert page.count('href="/today/salon-ania/conversations/s-1"') == 2
    assert "&lt;script&gt;" in page
    assert HOSTILE not in page


def test_questions_without_an_answer_are_listed_by_frequency(owner, world):
    """With an example and when they were last asked; other months are a link away."""
    ask(owner, world, ("a", "Macie wifi?"), ("b", HOSTILE), ("b", "again"))
    ask(owner, world, ("c", "Elsewhere?"), tenant="studio-bea")

    page = owner.get(PAGE).text

    assert [int(times) for times in re.findall(r"<tr><td>(\d+)</td>", page)] == [2, 1]
    assert "Macie wifi?" in page
    assert HOSTILE not in page
    assert "Elsewhere?" not in page
    assert "12 Jan 2026, 13:00" in page
    assert 'href="/answers/salon-ania?month=2025-12"' in page
    assert "month=2026-02" not in page
    before = owner.get(f"{PAGE}?month=2025-12").text
    assert "In this month every question was answered." in before
    assert 'href="/answers/salon-ania?month=2026-01"' in before
    for month in ("x", "2026-13", "0001-01", "9999-12", "2026-01-01"):
        assert owner.get(f"{PAGE}?month={month}").status_code == 200, month


def test_a_business_without_any_has_empty_lists(owner, world):
    """And says so."""
    world.clock.advance(timedelta(minutes=1))
    page = owner.get(PAGE).text
    assert "No visitor has rated an answer." in page
    assert "every question was answered" in page


def test_another_tenants_page_looks_unknown(salon_owner, owner):
    """As one that nobody knows."""
    assert salon_owner.get("/answers/studio-bea").status_code == 404
    assert owner.get("/answers/nobody").status_code == 404
    assert "Answers" in owner.get("/answers").text
    assert salon_owner.get("/answers").headers["location"] == PAGE
