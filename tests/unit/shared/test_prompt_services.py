"""Which services and questions the assistant is texts of."""

from hypothesis import given
from hypothesis import strategies as st

from shared.language_models.tokens import estimate_tokens
from shared.tenants.profile import TenantProfile
from shared.tenants.prompt_services import SERVICES_TOKENS, select_services


def profile_of(*services):
    """Return a profile of services, each given as the length of its name and the number of its questions."""
    return TenantProfile.model_validate(
        {
            "name": "Salon Ania",
            "time_zone": "Europe/Warsaw",
            "calendar_id": "calendar",
            "opening_hours": {"monday": ["09:00-17:00"]},
            "services": [
                {
                    "id": f"s{number}",
                    "name": {"en": "n" * length},
                    "duration_minutes": 30,
                    "questions": [{"id": f"q{one}", "kind": "text", "label": "l" * 100} for one in range(count)],
                }
                for number, (length, count) in enumerate(services)
            ],
        }
    )


def test_an_ordinary_profile_fits_whole():
    """Fifty services, some with questions, fit."""
    chosen = select_services(profile_of(*[(40, 0)] * 45, *[(40, 3)] * 5))
    assert (len(chosen.services), chosen.omitted) == (50, ())


def test_services_come_before_questions_and_the_first_before_the_last():
    """What does not fit is named; the same profile always leaves out the same."""
    profile = profile_of((100, 5), (100, 5), (100, 5))
    omitted = {tokens: select_services(profile, tokens).omitted for tokens in (10_000, 1_200, 700, 300, 150, 60)}
    assert omitted == {
        10_000: (),
        1_200: ("questions of s2",),
        700: ("questions of s1", "questions of s2"),
        300: ("questions of s0", "questions of s1", "questions of s2"),
        150: ("questions of s0", "questions of s1", "service s2"),
        60: ("service s0", "service s1", "service s2"),
    }


@given(st.lists(st.tuples(st.integers(1, 80), st.integers(0, 5)), min_size=1, max_size=50))
def test_what_is_chosen_keeps_to_the_budget(services):
    """Names and questions of what is chosen, whatever there is."""
    chosen = select_services(profile_of(*services))
    texts = [" ".join(service.name.texts) for service in chosen.services]
    texts += [
        question.label.choose_text("en")
        for service in chosen.services
        if service.id in chosen.with_questions
        for question in service.questions
    ]
    assert sum(map(estimate_tokens, texts)) <= SERVICES_TOKENS
