"""The form that edits a message: only its data, checked and recorded."""

import json
from dataclasses import replace

HOSTILE = "<script>alert('x')</script>\">"


def open_form(browser, path):
    """Request the form of a failure, which is recorded, and follow the redirect."""
    browser.get(path.rpartition("/")[0])
    browser.send(path)
    return browser.follow()


def test_edits_only_the_data(owner, world):
    """The form has the fields of the data; saving changes these and nothing around them."""
    before = json.loads(world.failure().payload)
    text = open_form(owner, "/failures/f-ania/edit").text
    assert 'value="anna@example.com"' in text
    assert "data.tenant" not in text
    fields = {f"data.{name}": value for name, value in before["data"].items()}
    fields |= {"data.contact": "anna.nowak@example.com", "data.note": "Two\r\nlines"}
    answer = owner.send("/failures/f-ania/data", do="save", **fields)
    assert answer.headers["location"] == "/failures/f-ania?said=edited"
    after = json.loads(world.failure().payload)
    assert (after["data"]["contact"], after["data"]["note"]) == ("anna.nowak@example.com", "Two\nlines")
    assert {name: after[name] for name in ("id", "tenant", "session_id")} == {
        name: before[name] for name in ("id", "tenant", "session_id")
    }
    assert world.replays.queued == []


def test_saves_and_replays(owner, world):
    """One button saves the change and replays the message."""
    open_form(owner, "/failures/f-ania/edit")
    fields = {f"data.{name}": value for name, value in json.loads(world.failure().payload)["data"].items()}
    answer = owner.send("/failures/f-ania/data", do="replay", **fields | {"data.name": "Ania"})
    assert answer.headers["location"] == "/failures/f-ania?said=replayed"
    assert '"Ania"' in world.replays.queued[0].payload


def test_shows_problems_at_the_fields(owner, world):
    """An invalid value is shown again with its problem, and nothing is stored."""
    before = world.failure().payload
    open_form(owner, "/failures/f-ania/edit")
    fields = {f"data.{name}": value for name, value in json.loads(before)["data"].items()}
    answer = owner.send("/failures/f-ania/data", do="save", **fields | {"data.service": "x" * 90, "data.name": HOSTILE})
    assert answer.status_code == 422
    field, _, rest = answer.text.partition('data-testid="field-problem"')
    assert 'name="data.service"' in field.rpartition('<div class="field')[2]
    assert "60" in rest.partition("</p>")[0]
    assert HOSTILE not in answer.text
    assert world.failure().payload == before


def test_unknown_fields_are_rejected(owner, world):
    """A form with an additional field, such as the tenant, changes nothing."""
    before = world.failure().payload
    open_form(owner, "/failures/f-ania/edit")
    fields = {f"data.{name}": value for name, value in json.loads(before)["data"].items()}
    assert owner.send("/failures/f-ania/data", **fields | {"data.tenant": "studio-bea"}).status_code == 422
    assert world.failure().payload == before


def test_answers_are_masked_and_edited_one_by_one(owner, world):
    """They are personal data, as the note is; the other answers stay as they are."""
    failure = world.failure()
    payload = json.loads(failure.payload)
    payload["data"]["answers"] = {"people": "2", "illness": "asthma", "wishes": HOSTILE}
    world.ledger.rows["f-ania"] = replace(failure, payload=json.dumps(payload))
    page = owner.get("/failures/f-ania").text
    assert "answers.illness" in page
    assert "asthma" not in page
    form = open_form(owner, "/failures/f-ania/edit").text
    assert 'name="data.answers.illness" value="asthma"' in form
    assert HOSTILE not in form
    fields = {f"data.{name}": value for name, value in payload["data"].items() if name != "answers"}
    fields |= {f"data.answers.{name}": value for name, value in payload["data"]["answers"].items()}
    owner.send("/failures/f-ania/data", do="save", **fields | {"data.answers.people": "3"})
    after = json.loads(world.failure().payload)["data"]["answers"]
    assert after == payload["data"]["answers"] | {"people": "3"}
