"""Which services and questions of a profile the assistant is told of, within a budget of tokens."""

from collections.abc import Iterator
from dataclasses import dataclass

from shared.language_models.tokens import estimate_tokens
from shared.tenants.profile import TenantProfile
from shared.tenants.profile_facts import describe_question
from shared.tenants.services import Service

SERVICES_TOKENS = 4_000
"""Estimated tokens of all services with their questions: 8 KB, about a hundred services with a name and a price."""

_LINE_TOKENS = 16
"""What a line has besides the texts of the profile."""


@dataclass(frozen=True, slots=True)
class PromptServices:
    """What fits into the budget; the same for the same profile."""

    services: tuple[Service, ...]
    with_questions: frozenset[str]
    """The ids of those whose questions fit, too."""
    omitted: tuple[str, ...]
    """What does not, by its id, in the order of the profile."""


def select_services(profile: TenantProfile, max_tokens: int = SERVICES_TOKENS) -> PromptServices:
    """Return the first services that fit, and then the questions of the first of them."""
    left = max_tokens
    services: list[Service] = []
    for service in profile.services:
        left -= sum(_count_line(text) for text in _list_texts(service))
        if left < 0:
            break
        services.append(service)
    with_questions: set[str] = set()
    for service in services:
        left -= sum(_count_line(describe_question(question, profile.locale)) for question in service.questions)
        if left < 0:
            break
        with_questions.add(service.id)
    return PromptServices(
        tuple(services), frozenset(with_questions), tuple(_list_omitted(profile, services, with_questions))
    )


def _list_texts(service: Service) -> Iterator[str]:
    yield f"{service.id} {' / '.join(service.name.texts)}"
    if service.price:
        yield " / ".join(service.price.texts)


def _count_line(text: str) -> int:
    return estimate_tokens(text) + _LINE_TOKENS


def _list_omitted(profile: TenantProfile, services: list[Service], with_questions: set[str]) -> Iterator[str]:
    for number, service in enumerate(profile.services):
        if number >= len(services):
            yield f"service {service.id}"
        elif service.questions and service.id not in with_questions:
            yield f"questions of {service.id}"
