"""Which spellings of an address are one mailbox, and which are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.mailboxes.merging import list_looked_up_spellings, list_suppressed_spellings, merge_spellings
from shared.mailboxes.providers import read_providers

ONE_MAILBOX = [
    ("jan@example.com", "JAN+2@Example.com"),
    ("jan@gmail.com", "j.a.n+shop@googlemail.com"),
    ("jan@yahoo.com", "jan-shop@yahoo.com"),
    ("jan@yahoo.com", "jan-shop+2@yahoo.com"),
    ("jan@icloud.com", "jan@me.com"),
    ("jan@icloud.com", "jan+x@mac.com"),
    ("jankowalski@proton.me", "jan.kowalski@pm.me"),
    ("jankowalski@proton.me", "jan-kowal_ski@protonmail.com"),
    ("jan-kowalski@yandex.ru", "jan.kowalski@ya.ru"),
    ("jan@fastmail.com", "anything@jan.fastmail.com"),
    ("jan@fastmail.fm", "jan+shop@fastmail.fm"),
    ("jan@outlook.com", "jan+shop@outlook.com"),
]
TWO_MAILBOXES = [
    ("jan@example.com", "j.an@example.com"),
    ("jan@example.com", "jan-x@example.com"),
    ("jan@example.com", "jan@mail.example.com"),
    ("jan@yahoo.com", "jan@yahoo.co.uk"),
    ("jan@yahoo.com", "j.an@yahoo.com"),
    ("jan@outlook.com", "jan@hotmail.com"),
    ("jan@gmail.com", "jan-x@gmail.com"),
    ("jankowalski@yandex.ru", "jan.kowalski@yandex.ru"),
    ("jan@fastmail.com", "jan@fastmail.fm"),
    ("+jan@example.com", "+ola@example.com"),
    ("jan@gmail.com", "any@jan.gmail.com"),
]

NAMES = st.text("abz019.-_+", min_size=1, max_size=12)
DOMAINS = st.sampled_from(
    [*read_providers(), "example.com", "jan.fastmail.com", "a.b.fastmail.com", "fastmail.com.example"]
)
ADDRESSES = st.builds("{}@{}".format, NAMES, DOMAINS)


@pytest.mark.parametrize(("one", "other"), ONE_MAILBOX)
def test_spellings_of_one_mailbox_are_merged(one, other):
    """By the rules of its provider."""
    assert merge_spellings(one) == merge_spellings(other)


@pytest.mark.parametrize(("one", "other"), TWO_MAILBOXES)
def test_mailboxes_of_two_people_are_not_merged(one, other):
    """A rule of one provider says nothing about another."""
    assert merge_spellings(one) != merge_spellings(other)


@given(ADDRESSES)
def test_a_merged_spelling_is_its_own(address):
    """It has a name and a domain, and merging it again changes nothing."""
    merged = merge_spellings(address)
    name, _, domain = merged.rpartition("@")
    assert name
    assert domain
    assert merge_spellings(merged) == merged


@given(ADDRESSES, st.text("abz09.-_", max_size=6))
def test_neither_case_nor_tag_makes_a_new_mailbox(address, tag):
    """Whatever the provider."""
    name, _, domain = address.rpartition("@")
    assert merge_spellings(address.upper()) == merge_spellings(address)
    assert merge_spellings(f"{name}+{tag}@{domain}") == merge_spellings(address) or name.startswith(("+", "-"))


@given(ADDRESSES)
def test_the_exact_spelling_is_looked_up_first(address):
    """And what is stored is found again under the same address."""
    looked_up, stored = list_looked_up_spellings(address), list_suppressed_spellings(address)
    assert looked_up[0] == stored[0] == address
    assert set(stored) <= set(looked_up)


@pytest.mark.parametrize(
    ("reported", "others"),
    [
        ("victim+nonsense@example.com", ["victim@example.com", "victim+other@example.com"]),
        ("victim-nonsense@yahoo.com", ["victim@yahoo.com"]),
        ("victim@me.com", ["victim@icloud.com"]),
        ("victim@pm.me", ["victim@proton.me"]),
    ],
)
def test_a_bounce_of_an_invented_spelling_suppresses_nobody_else(reported, others):
    """Where a provider need not know the spelling, its bounce says nothing about the mailbox."""
    stored = set(list_suppressed_spellings(reported))
    assert all(stored.isdisjoint(list_looked_up_spellings(other)) for other in others)


def test_each_provider_names_its_sources():
    """And every domain belongs to one provider."""
    providers = {provider.name: provider for provider in read_providers().values()}
    assert all(provider.sources for provider in providers.values())
    assert sum(len(provider.domains) for provider in providers.values()) == len(read_providers())
