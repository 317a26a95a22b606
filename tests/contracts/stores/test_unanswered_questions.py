"""Unanswered questions: counted in groups by month, and no more than there is room for."""

import asyncio
from datetime import date, timedelta

from shared.ids import new_id
from shared.unanswered import AskedQuestion, QuestionGroup

DAY, OTHER_MONTH = date(2026, 1, 12), date(2026, 2, 1)
MINUTE = timedelta(minutes=1)


def asked(group, example="Do you have wifi?", language="en"):
    return AskedQuestion(group, example, language)


async def test_questions_are_counted_in_their_group(stores, clock):
    """The first one is the example; the most frequent group comes first, and of equal ones the latest."""
    tenant, start = new_id(), clock.now()
    for group, example in (("a", "Wifi?"), ("b", "Czy są prysznice?"), ("c", "Pool?"), ("b", "prysznice są?")):
        language = "pl" if group == "b" else "en"
        await stores.questions.count_question(tenant, DAY, asked(group, example, language), now=clock.now())
        clock.advance(MINUTE)

    month = await stores.questions.list_questions(tenant, DAY.replace(day=31))

    assert month.groups == [
        QuestionGroup("Czy są prysznice?", "pl", 2, start + MINUTE, start + 3 * MINUTE),
        QuestionGroup("Pool?", "en", 1, start + 2 * MINUTE, start + 2 * MINUTE),
        QuestionGroup("Wifi?", "en", 1, start, start),
    ]
    assert month.others == 0


async def test_months_and_businesses_have_lists_of_their_own(stores, clock):
    """A question is in the month in which it was asked, and in no other business's."""
    tenant = new_id()
    await stores.questions.count_question(tenant, DAY, asked("a"), now=clock.now())
    await stores.questions.count_question(tenant, OTHER_MONTH, asked("a"), now=clock.now())

    for month in (DAY, OTHER_MONTH):
        assert [one.times for one in (await stores.questions.list_questions(tenant, month)).groups] == [1]
    assert not (await stores.questions.list_questions(tenant, date(2026, 3, 1))).groups
    assert not (await stores.questions.list_questions(new_id(), DAY)).groups


async def test_a_month_has_a_bounded_number_of_groups(stores, clock):
    """What comes when it is full is only counted, and its text is not kept; known groups are still counted."""
    tenant = new_id()
    for group in ("a", "b", "c", "d", "e", "d", "a"):
        await stores.questions.count_question(tenant, DAY, asked(group, group), now=clock.now())

    month = await stores.questions.list_questions(tenant, DAY)

    assert [(one.example, one.times) for one in month.groups] == [("a", 2), ("b", 1), ("c", 1)]
    assert month.others == 3


async def test_many_workers_count_each_question_once(stores, clock):
    """Also where they begin the same group at once; then there may be room for fewer groups, never for more."""
    tenant = new_id()
    await asyncio.gather(
        *(
            stores.questions.count_question(tenant, DAY, asked(f"{number % 2}", "x"), now=clock.now())
            for number in range(12)
        )
    )

    month = await stores.questions.list_questions(tenant, DAY)

    assert sum(one.times for one in month.groups) + month.others == 12
    assert len(month.groups) <= 3
