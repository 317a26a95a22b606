"""Rows under the keys of the release before merged spellings are still found."""

import json
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from shared.suppressions import derive_added_keys, derive_lookup_keys
from workers.booking.domain.quotas import list_hold_quotas, list_send_quotas
from workers.booking.domain.values import Contact

STORED = json.loads((Path(__file__).parent / "fixtures/mailboxes.json").read_text())
SECRET = STORED["secret"].encode()
NEWLY_MERGED = {"jan-shop@yahoo.com", "ja.n@proton.me", "jan@me.com"}
"""Their units of quotas, which end within an hour, have new keys."""


@pytest.mark.parametrize("address", STORED["keys"])
def test_a_suppressed_address_is_found_and_removed_under_its_key(address):
    """However many spellings are merged now."""
    stored = STORED["keys"][address]["suppression"]
    assert derive_lookup_keys(SECRET, address)[0] == stored
    assert derive_added_keys(SECRET, address)[0] == stored


@pytest.mark.parametrize("address", STORED["keys"])
def test_holds_and_codes_of_a_contact_keep_counting(address):
    """Units of spellings that were already merged have the keys that they had."""
    at = datetime(2026, 1, 12, 12, tzinfo=UTC)
    hold = SimpleNamespace(
        appointment_id="kept",
        session_id="kept",
        tenant=STORED["tenant"],
        contact=Contact("email", address),
        hold_expires_at=at,
        code_sends=1,
    )
    _, contact = list_hold_quotas(hold, secret=SECRET, source_ip="", holds_per_address=5)
    codes, _ = list_send_quotas(hold, secret=SECRET, source_ip="", sends_per_address=30, at=at)
    stored = STORED["keys"][address]
    assert ((contact.key, codes.key) == (stored["holds"], stored["codes"])) is (address not in NEWLY_MERGED)
