"""Access needs a sign-in, the right tenant, and a form token of the session."""

from datetime import timedelta

import pytest
from starlette.routing import Mount

from ops.web.route_guard import sanitize_local_url
from shared.retention import DESK_SESSION_LIFETIME

OPEN = {"/sign-in", "/health", "/static"}


def paths(app, method):
    """Return the paths of all routes of a method, with existing ids."""
    ids = {"failure_id": "f-ania", "run_id": "r", "tenant": "salon-ania", "session_id": "session-salon-ania"}
    return [
        route.path.format(**ids)
        for route in app.routes
        if not isinstance(route, Mount) and route.path not in OPEN and method in route.methods
    ]


def test_no_page_without_a_sign_in(stranger):
    """Every page redirects to the sign-in, and the response has no content."""
    protected = paths(stranger.http.app, "GET")
    assert len(protected) >= 8
    for path in protected:
        answer = stranger.get(path)
        assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/sign-in"), path
        assert answer.text == ""


def test_no_action_without_a_sign_in(stranger, world):
    """Every action responds with 401, also with the form token of the sign-in page, and changes nothing."""
    stranger.get("/sign-in")
    csrf, before = stranger.csrf(), dict(world.ledger.rows)
    protected = paths(stranger.http.app, "POST")
    assert len(protected) >= 9
    for path in protected:
        assert stranger.send(path, csrf=csrf, id="f-ania", do="replay", reason="x").status_code == 401, path
    assert (world.ledger.rows, world.replays.queued) == (before, [])


@pytest.mark.parametrize("csrf", ["", "0" * 32, "ą"])
def test_a_forged_form_is_refused(owner, world, csrf):
    """No action accepts a form without the form token of the session."""
    before = dict(world.ledger.rows)
    for path in [*paths(owner.http.app, "POST"), "/sign-in"]:
        answer = owner.http.post(path, data={"csrf": csrf, "id": "f-ania", "do": "replay", "reason": "x"})
        assert answer.status_code == 403, path
    assert (world.ledger.rows, world.replays.queued) == (before, [])


def test_another_sessions_token_is_refused(owner, world):
    """A form token is valid only in its own session."""
    other = type(owner)(owner.http.app)
    other.sign_in(token=world.issue_token("Eve"))
    other.get("/failures/f-ania")
    assert owner.send("/failures/f-ania/replay", csrf=other.csrf()).status_code == 403
    assert world.replays.queued == []


def test_a_form_from_another_site_is_refused(owner, world):
    """A request that the browser marks as cross-site is rejected, even with the right form token."""
    owner.get("/failures/f-ania")
    for site in ("cross-site", "same-site"):
        answer = owner.http.post(
            "/failures/f-ania/replay", data={"csrf": owner.csrf()}, headers={"sec-fetch-site": site}
        )
        assert answer.status_code == 403
    assert world.replays.queued == []


def test_another_tenants_failure_looks_unknown(salon_owner, world):
    """An operator of one tenant neither sees nor changes failures of others."""
    list_page = salon_owner.get("/failures").text
    assert "salon-ania" in list_page
    assert "studio-bea" not in list_page
    assert "studio-bea" not in salon_owner.get("/failures?tenant=studio-bea").text
    assert "studio-bea" not in salon_owner.get("/").text
    assert salon_owner.get("/failures/f-bea").status_code == salon_owner.get("/failures/nothing").status_code == 404
    salon_owner.get("/failures/f-ania")
    csrf, before = salon_owner.csrf(), world.failure("f-bea")
    for action in ("replay", "discard", "unmask", "edit", "data"):
        answer = salon_owner.send(f"/failures/f-bea/{action}", csrf=csrf, reason="x", **{"data.name": "Eve"})
        assert answer.status_code == 404, action
    salon_owner.send("/failures/selected", csrf=csrf, id="f-bea", do="discard", reason="x")
    salon_owner.send("/failures/selected", csrf=csrf, id="f-bea", do="replay")
    salon_owner.send("/failures/all", csrf=csrf, tenant="studio-bea", do="replay")
    assert world.failure("f-bea") == before


def test_another_tenants_day_looks_unknown(salon_owner):
    """Operators can open the days of their own tenants only."""
    assert salon_owner.get("/today").headers["location"] == "/today/salon-ania"
    foreign, unknown = salon_owner.get("/today/studio-bea"), salon_owner.get("/today/nobody")
    assert foreign.status_code == unknown.status_code == 404


def test_queues_are_for_those_who_see_all(salon_owner, owner, world):
    """The queues are shared by all tenants, so an operator of one tenant does not see their figures."""
    salon_owner.http.portal.call(world.samples.take_sample)
    assert 'data-testid="queues"' in owner.get("/").text
    assert 'data-testid="queues"' not in salon_owner.get("/").text


def test_headers_are_strict(stranger, owner):
    """Every response forbids inline code, frames, caching and referrers, also errors and static files."""
    answers = [owner.get("/"), owner.get("/nothing"), stranger.get("/failures"), stranger.get("/static/desk.css")]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "server" not in answer.headers


def test_the_cookie_is_strict(world, stranger):
    """Scripts and other sites can't read the cookie, and with https it is never sent unencrypted."""
    cookie = stranger.sign_in().headers["set-cookie"]
    assert "httponly" in cookie.lower()
    assert "samesite=lax" in cookie.lower()
    assert "secure" not in cookie.lower()
    https = type(stranger)(world.app(public_url="https://desk.example.com"), address="https://desk.example.com")
    cookie = https.sign_in().headers["set-cookie"]
    assert cookie.startswith("__Host-")
    assert "secure" in cookie.lower()
    assert "max-age" in https.get("/").headers["strict-transport-security"]


def test_a_changed_cookie_signs_nobody_in(owner):
    """A cookie without a valid signature is no session."""
    [(name, value)] = owner.http.cookies.items()
    owner.http.cookies.clear()
    owner.http.cookies.set(name, f"e30=.{value.partition('.')[2]}")
    assert owner.get("/").status_code == 303


def test_unknown_host_names_are_rejected(owner):
    """Only `/health` accepts every host name."""
    assert owner.get("/", headers={"host": "evil.example.com"}).status_code == 400
    assert owner.get("/health", headers={"host": "10.0.0.7"}).text == "ok"


def test_large_bodies_are_rejected(owner):
    """The limit is above the size of every form of the desk."""
    owner.get("/failures")
    assert owner.send("/failures/selected", id="x" * 300_000).status_code == 413


def test_a_session_ends(owner, world):
    """After its lifetime a new sign-in is needed."""
    assert owner.get("/").status_code == 200
    world.clock.advance(DESK_SESSION_LIFETIME - timedelta(seconds=1))
    assert owner.get("/").status_code == 200
    world.clock.advance(timedelta(seconds=1))
    assert owner.get("/").status_code == 303


def test_a_copy_of_the_cookie_ends_with_the_sign_out(owner):
    """A copied cookie of an ended session is rejected."""
    owner.get("/")
    kept = dict(owner.http.cookies)
    assert owner.send("/sign-out").headers["location"] == "/sign-in?said=signed_out"
    assert owner.get("/").status_code == 303
    owner.http.cookies.update(kept)
    assert owner.get("/").status_code == 303


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("/failures?state=any", "/failures?state=any"),
        ("", "/"),
        ("https://evil.example.com", "/"),
        ("//evil.example.com", "/"),
        ("/\\evil.example.com", "/"),
        ("/\t/evil.example.com", "/"),
        ("javascript:alert(1)", "/"),
        ("failures", "/"),
    ],
)
def test_the_sign_in_redirects_only_to_local_pages(url, target):
    """Addresses of other sites are replaced by the first page."""
    assert sanitize_local_url(url) == target
