"""Which links are good: one purpose, one business, one appointment, and signed by us to the last bit."""

import base64
import re
import string
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import URLSafeSerializer
from pydantic import TypeAdapter

from shared.email_links import PURPOSES, LinkClaim, Links
from shared.ids import derive_id
from shared.messages.model import LinkToken
from shared.verification_codes import derive_verification_code

KEY = b"the secret of the codes"
VISIT = datetime(2026, 1, 13, 9, tzinfo=UTC)
ALPHABET = string.ascii_letters + string.digits + "-_."
LINKS = Links(KEY)


def issue(purpose="cancel", *, links=LINKS, **fields):
    wished = {"tenant": "salon-ania", "appointment_id": "0123456789abcdef", "session_id": "session"}
    return links.issue(purpose, **wished | {"expires_at": VISIT} | fields)


def read(token, *, links=LINKS, tenant="salon-ania", **more):
    return links.verify(token, tenant=tenant, **more)


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_link_says_what_it_is_for(purpose):
    """Purpose, appointment and its conversation come back as they went in."""
    assert read(issue(purpose)) == LinkClaim(purpose, "0123456789abcdef", "session")


def test_a_link_of_another_purpose_is_none():
    """The link that cancels does not move."""
    assert read(issue("cancel"), purposes=("cancel",))
    assert read(issue("cancel"), purposes=("move",)) is None
    assert read(issue("cancel"), purposes=()) is None


def test_a_link_of_another_business_is_none():
    """Even though the same secret has signed it."""
    assert read(issue(tenant="salon-ola")) is None
    assert read(issue(), tenant="salon-ola") is None


@pytest.mark.parametrize("expires_at", [datetime(1970, 1, 1, tzinfo=UTC), VISIT, VISIT + timedelta(days=4000)])
def test_the_expiry_of_a_link_is_not_consulted(expires_at):
    """The visit may have moved since the link was issued."""
    assert read(issue(expires_at=expires_at)) == LinkClaim("cancel", "0123456789abcdef", "session")


def test_a_link_of_another_key_is_none():
    """Each deployment has its own secret."""
    assert read(issue(links=Links(b"another secret"))) is None


def test_codes_and_links_share_no_key():
    """What the secret itself has signed is no link: the key is derived from it, under a name of its own."""
    content = {"p": "cancel", "t": "salon-ania", "a": "0123456789abcdef", "s": "session", "e": 2**40}
    signer = {"digest_method": "sha384", "key_derivation": "hmac"}
    token = URLSafeSerializer(KEY, salt="stride-link-1", signer_kwargs=signer).dumps(content)

    assert read(token) is None


def test_a_secret_is_needed():
    """Nothing is signed with nothing."""
    with pytest.raises(ValueError, match="secret"):
        Links(b"")


@given(data=st.data(), purpose=st.sampled_from(PURPOSES))
def test_a_link_with_any_character_changed_is_none(data, purpose):
    """The last one of the signature included, where base64 is often not looked at to the last bit."""
    token = issue(purpose)
    position = data.draw(st.integers(0, len(token) - 1) | st.just(len(token) - 1))
    character = data.draw(st.sampled_from([each for each in ALPHABET if each != token[position]]))

    assert read(token[:position] + character + token[position + 1 :]) is None


@given(position=st.integers(0, 400), more=st.text(ALPHABET + "=+/ ~\n%", min_size=1, max_size=4))
def test_a_link_with_anything_added_or_cut_is_none(position, more):
    """At the ends or in between, also what a decoder would skip."""
    token = issue()
    position = min(position, len(token))

    assert read(token[:position] + more + token[position:]) is None
    assert position == len(token) or read(token[:position] + token[position + 1 :]) is None


@given(st.text() | st.text(ALPHABET, max_size=700))
def test_reading_anything_never_raises(text):
    """Whatever a visitor sends is a link or none."""
    assert read(text) is None


@pytest.mark.parametrize("content", [None, 1, [], {}, {"p": "cancel"}, {"p": 1, "t": "salon-ania"}, "cancel"])
def test_what_is_signed_but_no_link_is_none(content):
    """Another version's tokens, say."""
    assert read(LINKS._serialiser.dumps(content)) is None


@pytest.mark.parametrize("purpose", ["confirm", "", "CANCEL"])
def test_a_purpose_that_is_unknown_is_none(purpose):
    """A later version may know more of them."""
    assert read(issue(purpose)) is None


def test_a_long_text_is_refused_at_once():
    """Nothing is decoded or unpacked of what no link can be."""
    bomb = "." + "eNrtwQEBAAAAgiD_r25I" * 500_000
    began = time.process_time()

    assert read(bomb) is None
    assert time.process_time() - began < 0.05


@given(
    key=st.text(string.printable, min_size=1).map(str.encode),
    tenant=st.text(string.ascii_lowercase + string.digits + "-", min_size=3, max_size=40),
    session=st.text(string.hexdigits, min_size=1, max_size=100),
    begins=st.datetimes(datetime(2024, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_a_link_fits_the_wire_whatever_it_carries(key, tenant, session, begins):
    """The longest ids included."""
    links, appointment_id = Links(key), derive_id(session, "appointment")
    token = links.issue("move", tenant=tenant, appointment_id=appointment_id, session_id=session, expires_at=begins)

    assert TypeAdapter(LinkToken).validate_python(token) == token
    claim = links.verify(token, tenant=tenant)
    assert (claim.appointment_id, claim.session_id) == (appointment_id, session)


def test_a_link_reveals_no_code():
    """A reader of the links of an e-mail learns nothing that would help to guess a code."""
    parts = issue().split(".")
    text = b"".join(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in parts if part)

    assert derive_verification_code(KEY, "0123456789abcdef", 1).encode() not in text
    assert not re.search(rb"secret", text)
