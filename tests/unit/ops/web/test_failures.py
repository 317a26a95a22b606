"""The pages of failures: search, details, replay and discard; content of messages is escaped."""

import html
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from ops.desk.domain.values import Forecast, ForecastKind
from ops.web.language import CATALOGUE
from shared.errors import PermanentError, TransientError
from shared.ledger.failures import AuditEntry, FailureState
from tests.fakes.clock import NOON

HOSTILE = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>{{ 7 * 7 }}"


def post_form(browser, path, **fields):
    """Open the failure's page, send one of its forms, and return the response."""
    browser.get(path.rpartition("/")[0])
    return browser.send(path, **fields)


def request_personal_data(browser, path):
    """Send a form that requests personal data, and follow the redirect."""
    return browser.follow() if post_form(browser, path).status_code == 303 else browser.last


def test_lists_open_failures(owner, world):
    """Resolved failures are listed only on request."""
    world.ledger.rows["f-bea"] = replace(world.failure("f-bea"), state=FailureState.RESOLVED)
    text = owner.get("/failures").text
    assert ("f-ania" in text, "f-bea" in text) == (True, False)
    assert "f-bea" in owner.get("/failures?state=any").text
    assert "f-ania" not in owner.get("/failures?state=resolved").text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("queue=booking", True),
        ("queue=chat", False),
        ("reason=calendar_access_revoked", True),
        ("reason=calendar", False),
        ("text=REVOKED", True),
        ("text=anna%40example.com", False),
        ("age=1h", True),
        ("tenant=salon-ania", True),
        ("tenant=studio-bea", False),
        ("state=nonsense&queue=nonsense&age=nonsense", True),
        ("text=%00%0a", True),
    ],
)
def test_filters(owner, query, found):
    """Each field of the filter restricts the list; invalid values are ignored."""
    assert ("f-ania" in owner.get(f"/failures?{query}").text) is found


def test_pages_follow_each_other(owner, world):
    """A page has fifty failures; the link to older ones keeps the filter, and the last page has no link."""
    for number in range(70):
        failure = replace(world.failure(), failure_id=f"n{number:02}", last_at=NOON - timedelta(minutes=number))
        world.ledger.rows[failure.failure_id] = failure
    first = owner.get("/failures?queue=booking").text
    assert first.count('data-testid="failure"') == 50
    [link] = [part.partition('"')[0] for part in first.split('rel="next" href="')[1:]]
    assert "queue=booking" in link
    second = owner.get(link.replace("&amp;", "&")).text
    assert second.count('data-testid="failure"') == 22
    assert 'rel="next"' not in second


def test_shows_the_details_of_a_failure(owner, world):
    """The page has the reason, ids, audit trail and forecast; personal data is masked."""
    text = owner.get("/failures/f-ania").text
    for there in ("calendar&#39;s key", "command-of-f-ania", "session-salon-ania", "ledger", "massage", "free"):
        assert there in text
    for hidden in ("anna@example.com", "Nowak", "Secret words"):
        assert hidden not in text
    world.forecaster.answer = Forecast(ForecastKind.OCCUPIED, start=NOON, alternatives=[NOON + timedelta(hours=3)])
    assert "15:00" in owner.get("/failures/f-ania").text


def test_a_refusal_is_forecast_in_words(owner, world):
    """In the reader's language; a code of the protocol means nothing to an owner."""
    for code in ("UNKNOWN_APPOINTMENT", "RATE_LIMITED", "SLOT_TAKEN"):
        kind = ForecastKind.OCCUPIED if code == "SLOT_TAKEN" else ForecastKind.REFUSED
        world.forecaster.answer = Forecast(kind, start=NOON, code=code)
        for language in ("en", "pl", "de"):
            owner.http.headers["accept-language"] = language
            text = html.unescape(owner.get("/failures/f-ania").text)
            t = CATALOGUE.get_texts(language)
            words = t(f"forecast_{kind}") if code == "SLOT_TAKEN" else t.get(f"forecast_refusal_{code}")
            assert words in text
            assert code not in text


def test_unmasking_is_recorded(owner, world):
    """Personal data is shown after a form is sent, and the audit trail has the operator's name."""
    text = request_personal_data(owner, "/failures/f-ania/unmask").text
    assert "anna@example.com" in text
    assert (world.failure().audit_trail[-1].action, world.failure().audit_trail[-1].by) == ("unmasked", "Ola")
    assert "anna@example.com" not in owner.get("/failures/f-ania").text
    assert owner.get("/failures/f-ania/unmask").status_code == 405


def test_replays(owner, world):
    """The message is sent, the audit trail has the operator's name, and a second replay is rejected."""
    answer = post_form(owner, "/failures/f-ania/replay")
    assert answer.headers["location"] == "/failures/f-ania?said=replayed"
    assert [(failure.failure_id, failure.replays) for failure in world.replays.queued] == [("f-ania", 1)]
    assert (world.failure().state, world.failure().audit_trail[-1].by) == (FailureState.REPLAYING, "Ola")
    page = owner.follow()
    assert "back on its queue" in page.text
    assert "data-refresh" in page.text
    answer = owner.send("/failures/f-ania/replay")
    assert answer.status_code == 409
    assert "under way" in answer.text
    assert "data-refresh" not in answer.text
    assert "data-refresh" not in request_personal_data(owner, "/failures/f-ania/unmask").text
    assert len(world.replays.queued) == 1


def test_the_note_about_a_replay_disappears_with_its_outcome(owner, world):
    """Notes about other actions stay."""
    post_form(owner, "/failures/f-ania/replay")
    assert 'data-testid="said"' in owner.follow().text
    for state in (FailureState.RESOLVED, FailureState.FAILED_AGAIN):
        world.ledger.rows["f-ania"] = replace(world.failure(), state=state)
        assert 'data-testid="said"' not in owner.get("/failures/f-ania?said=replayed").text
        assert 'data-testid="said"' in owner.get("/failures/f-ania?said=edited").text


def test_the_audit_trail_is_translated(owner, world):
    """Actions and parts of the system are translated; operators' names are not."""
    polish = type(owner)(owner.http.app, language="pl")
    polish.sign_in(token=world.issue_token("ledger"))
    post_form(polish, "/failures/f-ania/replay")
    audit_trail = polish.follow().text.partition('data-testid="story"')[2].partition("</ol>")[0]
    for there in ("– rejestr błędów", "– ledger", "Ponowienie nr 1"):
        assert there in audit_trail
    assert "replay 1" not in audit_trail


def test_an_ended_failure_is_replayed_only_by_its_own_button(owner, world):
    """Only the form with `again` replays a resolved failure."""
    world.ledger.rows["f-ania"] = replace(world.failure(), state=FailureState.RESOLVED)
    assert post_form(owner, "/failures/f-ania/replay").status_code == 409
    assert post_form(owner, "/failures/f-ania/replay", again="yes").status_code == 303


def test_discards_with_a_reason(owner, world):
    """The reason is required and stands in the audit trail."""
    assert post_form(owner, "/failures/f-ania/discard", reason="  ").status_code == 409
    assert post_form(owner, "/failures/f-ania/discard", reason="Called Anna").status_code == 303
    assert world.failure().state is FailureState.DISCARDED
    assert "Called Anna" in owner.follow().text


def test_hostile_text_is_escaped(owner, world):
    """Text of messages, ids, errors and audit trails is shown as text on every page."""
    payload = json.loads(world.failure().payload)
    payload["data"] |= {"name": HOSTILE, "note": HOSTILE, "service": "<b>massage</b>"}
    hostile = replace(
        world.failure(),
        payload=json.dumps(payload),
        reason=HOSTILE,
        error=HOSTILE,
        type=HOSTILE,
        tenant=HOSTILE,
        session_id=HOSTILE,
        command_id=HOSTILE,
        trace=HOSTILE,
        group=HOSTILE,
        audit_trail=(AuditEntry(NOON, HOSTILE, "discarded", HOSTILE),),
    )
    unreadable = replace(hostile, failure_id="f-raw", payload=HOSTILE)
    world.ledger.rows = {"f-ania": hostile, "f-raw": unreadable}
    pages = [
        owner.get("/"),
        owner.get(f"/failures?state=any&text={HOSTILE}&reason={HOSTILE}&after={HOSTILE}"),
        owner.get("/failures?state=any"),
        owner.get("/failures/all?state=any"),
        owner.get("/failures/f-ania"),
        owner.get("/failures/f-raw"),
        request_personal_data(owner, "/failures/f-ania/unmask"),
        request_personal_data(owner, "/failures/f-raw/unmask"),
        request_personal_data(owner, "/failures/f-ania/edit"),
        owner.get(f"/sign-in?said={HOSTILE}&next={HOSTILE}"),
    ]
    for page in pages:
        assert page.status_code in {200, 303}
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
        assert "<b>massage" not in page.text
        assert "49" not in page.text or "{{ 7 * 7 }}" in page.text


def test_errors_have_a_page(owner, world):
    """An unreachable ledger or queue has an error page without the text of the exception."""
    world.replays.error = PermanentError("access_denied", "AccessDenied: arn:aws:sqs")
    assert post_form(owner, "/failures/f-ania/replay").status_code == 409
    world.ledger.error = TransientError("failures.get: Throttling")
    answer = owner.get("/failures")
    assert answer.status_code == 503
    assert "Throttling" not in answer.text
    world.ledger.error = RuntimeError("secret of a bug")
    answer = owner.get("/failures")
    assert (answer.status_code, "secret" in answer.text) == (500, False)
    assert answer.headers["content-security-policy"]


def test_pages_are_in_the_browsers_language(world, owner):
    """Pages are in the first language of the browser that the desk speaks, else in English."""
    polish = type(owner)(owner.http.app, language="tlh, pl-PL;q=0.8, en;q=0.5")
    assert '<html lang="pl">' in polish.get("/sign-in").text
    assert '<html lang="en">' in owner.get("/").text
