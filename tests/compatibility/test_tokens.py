"""Session tokens, links, codes and hashed keys of the previous release still work."""

import hmac
from datetime import timedelta
from unittest.mock import Mock

import pytest
from itsdangerous import URLSafeSerializer

from api_gateway_ws.auth import SessionTokens
from api_gateway_ws.ingress_events import serve_event
from shared.email_links import Links
from shared.ids import compute_fingerprint, derive_command_key, derive_failure_id, derive_id
from shared.resume_tokens import TokenState
from shared.retention import VISIT_RETENTION, compute_expiry
from shared.suppressions import derive_suppression_key
from shared.verification_codes import derive_verification_code
from tests.compatibility.fixtures_of_release import fixture
from tests.fakes.clock import NOON
from tests.unit.workers.notifications.conftest import build_notice, build_profile
from workers.booking.domain.code import is_current_code
from workers.notifications.domain import issue_appointment_links

GIVEN = fixture("tokens")
SECRET = GIVEN["secret"].encode()


def test_a_session_token_resumes_its_session():
    """Also one that was signed with the key before the present one."""
    tokens = SessionTokens(GIVEN["session_keys"])
    resumed = tokens.verify(GIVEN["session_token"], "kept-salon", NOON)
    assert resumed.session_id == "kept-session"
    assert TokenState().accepts(resumed, NOON)
    assert tokens.verify(GIVEN["session_token"], "kept-salon", NOON + timedelta(days=30)) is None


@pytest.mark.parametrize("purpose", ["cancel", "move"])
def test_a_link_of_an_email_works(purpose):
    """For the appointment of its e-mail, whatever time the visit has by now."""
    read = Links(SECRET).verify(GIVEN["links"][purpose], tenant="kept-salon")
    assert read is not None
    assert (read.purpose, read.session_id) == (purpose, "kept-session")
    assert read.appointment_id == GIVEN["appointment_id"]


def test_the_previous_release_reads_new_tokens():
    """During a rollout it gets tokens that this release issues."""
    resumed = SessionTokens(GIVEN["session_keys"]).issue("kept-salon", "kept-session", NOON)
    assert signed_content(resumed, GIVEN["session_keys"][-1], "stride-session-1", "sha256") == {
        "t": "kept-salon",
        "s": "kept-session",
        "e": int((NOON + timedelta(days=30)).timestamp()),
    }
    until = NOON + timedelta(days=1)
    link = Links(SECRET).issue("move", tenant="kept-salon", appointment_id="a", session_id="s", expires_at=until)
    key = hmac.digest(SECRET, b"stride-link-1", "sha256")
    assert signed_content(link, key, "stride-link-1", "sha384") == {
        "p": "move",
        "t": "kept-salon",
        "a": "a",
        "s": "s",
        "e": int(until.timestamp()),
    }


def test_the_previous_release_reads_the_links_of_a_new_email():
    """It refuses a token from its expiry on, which is when the visit is deleted: before that, the visit may move."""
    notice = build_notice("confirmed")
    links = issue_appointment_links(Links(SECRET), notice, build_profile(), notice.accepted_at)
    assert links is not None
    key = hmac.digest(SECRET, b"stride-link-1", "sha256")
    for purpose in ("cancel", "move"):
        content = signed_content(getattr(links, purpose).partition("=")[2], key, "stride-link-1", "sha384")
        assert content == {
            "p": purpose,
            "t": notice.tenant,
            "a": notice.data.appointment_id,
            "s": notice.session_id,
            "e": compute_expiry(notice.data.end, VISIT_RETENTION),
        }


def signed_content(token, key, salt, digest):
    """Return the content of a token, as the previous release reads it."""
    signer = {"digest_method": digest, "key_derivation": "hmac"}
    return URLSafeSerializer(key, salt=salt, signer_kwargs=signer).loads(token)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_code_that_was_sent_confirms(number):
    """The worker that checks it may be newer than the one that sent it."""
    code = GIVEN["codes"][str(number)]
    assert derive_verification_code(SECRET, GIVEN["appointment_id"], number) == code
    assert is_current_code(SECRET, GIVEN["appointment_id"], number, code)


def test_a_suppressed_address_is_found_by_its_hash():
    """Otherwise e-mails go to addresses that bounced."""
    assert derive_suppression_key(SECRET, "jan@example.com") == GIVEN["suppression_key"]


def test_ids_are_derived_as_before():
    """A command is known by its key, an effect by its id, a payload by its fingerprint."""
    assert GIVEN["ids"] == {
        "command": derive_command_key("kept-salon", "kept-session", "c-1"),
        "derived": derive_id("kept", "notice/confirmed"),
        "failure": derive_failure_id("booking", "kept"),
        "fingerprint": compute_fingerprint("kept"),
    }


def test_a_connection_goes_on_after_an_upgrade():
    """For two hours the ingress gets the context that the previous release's authorizer returned."""
    heard = []
    ingress = Mock(parse_or_begin_trace=Mock(return_value=Mock(root="root")), register_connection=heard.append)
    event = {
        "requestContext": {
            "eventType": "CONNECT",
            "connectionId": "tab=",
            "authorizer": GIVEN["authorizer_context"],
            "identity": {"sourceIp": "192.0.2.7"},
        }
    }
    assert serve_event(event, ingress) == {"statusCode": 200}
    [speaker] = heard
    assert (speaker.tenant, speaker.session_id) == ("kept-salon", "kept-session")
    assert (speaker.resume, speaker.locale, speaker.source_ip) == ("ok", "pl", "192.0.2.7")
