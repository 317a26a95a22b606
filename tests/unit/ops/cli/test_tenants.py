"""`stride tenant check`."""

import pytest

from tests.fakes.tenants import MemoryS3

PROFILE = """\
name: Salon Ania
time_zone: Europe/Warsaw
calendar_id: salon@calendar.example
services:
  - {id: massage, name: {pl: Masaż, en: Massage}, duration_minutes: 60}
opening_hours:
  monday: ["09:00-17:00"]
  tuesday: ["09:00-17:00"]
"""


@pytest.fixture
def folder(tmp_path):
    """Return the folder of a business without mistakes."""
    folder = tmp_path / "salon-ania"
    folder.mkdir()
    (folder / "profile.yaml").write_text(PROFILE, encoding="utf-8")
    (folder / "prices.md").write_text("# Prices\n")
    return folder


def test_a_good_folder_is_previewed(terminal, folder):
    """The services in the business's language, its next times in its zone, its documents with their size."""
    done = terminal.run("tenant", "check", str(folder))
    assert done.exit_code == 0, done.stderr
    assert "nothing to correct" in done.stdout
    assert "Masaż (60 min): Mon 12 Jan 2026 15:00+01:00, Mon 12 Jan 2026 16:00+01:00, Tue 13 Jan" in done.stdout
    assert "prices.md, 0.0 KB" in done.stdout


def test_what_visitors_see_is_previewed(terminal, folder):
    """With prices, questions, address, phone, hours and reminders; no text is taken for markup of the terminal."""
    more = 'price: 120 zł, questions: [{id: a, kind: text, label: "[b]Why[/b]?"}]'
    text = PROFILE.replace("duration_minutes: 60}", f"duration_minutes: 60, {more}}}")
    text += 'address: Prosta 1\nphone: "+48 600 700 800"\nclosed_ranges: [{first: 2026-01-20, last: 2026-01-30}]\n'
    text += "cancellation_fee: half\n"
    (folder / "profile.yaml").write_text(text, encoding="utf-8")
    done = terminal.run("tenant", "check", str(folder))
    for line in (
        "address  Prosta 1",
        "phone    +48 600 700 800",
        "fee      half",
        "hours    monday to tuesday 09:00-17:00; wednesday to sunday closed",
        "special  2026-01-20 to 2026-01-30 closed",
        "reminded 24 and 2 hours before a visit",
        "(60 min, 120 zł): Mon 12 Jan",
        "asks: [b]Why[/b]? (a text)",
    ):
        assert line in done.stdout
    [report] = terminal.json("tenant", "check", str(folder))
    assert report["business"]["special_dates"] == ["2026-01-20 to 2026-01-30 closed"]
    assert (report["services"][0]["price"], len(report["services"][0]["questions"])) == ("120 zł", 1)


def test_what_the_assistant_does_not_get_is_named(terminal, folder):
    """Services and questions that do not fit into its prompt; the owner decides what is left out by their order."""
    question = "{id: q%d, kind: text, label: " + "l" * 100 + "}"
    questions = "[" + ", ".join(question % number for number in range(10)) + "]"
    services = "".join(
        f"  - {{id: s{number}, name: {{en: N}}, duration_minutes: 30, questions: {questions}}}\n"
        for number in range(10)
    )
    (folder / "profile.yaml").write_text(PROFILE.replace("opening_hours:", f"{services}opening_hours:"))
    done = terminal.run("tenant", "check", str(folder))
    assert done.exit_code == 1
    assert "the assistant is not told of questions of s" in " ".join(done.stdout.split())
    assert "questions of s9: they do not fit" in " ".join(done.stdout.split())


def test_json_has_everything(terminal, folder):
    """For other programs."""
    [report] = terminal.json("tenant", "check", str(folder))
    assert (report["tenant"], report["name"], report["problems"]) == ("salon-ania", "Salon Ania", [])
    [service] = report["services"]
    assert (service["id"], len(service["next_times"])) == ("massage", 3)
    assert report["documents"] == [{"name": "prices.md", "size_bytes": 9}]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda text: text + "horizon_days: 060\n", "line 9: horizon_days: `060` is read as 48"),
        (lambda text: text + "country: NO\n", "line 9: country: is read as yes or no"),
        (lambda text: text + "x: 1\n", "line 9: x: there is no such field; there are name, "),
        (lambda text: "", "line 1: the profile must be a mapping"),
        (lambda text: text + "#" * 300_000, "the profile is larger than 256 KB"),
    ],
)
def test_a_mistake_is_refused(terminal, folder, change, problem):
    """Also one that workers accept with a warning."""
    (folder / "profile.yaml").write_text(change(PROFILE), encoding="utf-8")
    done = terminal.run("tenant", "check", str(folder))
    assert (done.exit_code, problem in done.stdout) == (1, True)


def test_a_model_that_the_deployment_does_not_allow_is_refused(terminal, folder):
    """Its visitors would be answered by the default model, which only the log says; without a list nothing is known."""
    profile = folder / "profile.yaml"
    profile.write_text(profile.read_text() + "model:\n  id: eu.anthropic.claude-opus-9\n")
    assert terminal.run("tenant", "check", str(folder)).exit_code == 0
    allowed = ("--allowed-models", "eu.anthropic.claude-haiku-5-5, eu.amazon.nova-lite-v1:0")
    done = terminal.run("tenant", "check", str(folder), *allowed)
    assert done.exit_code == 1
    line = len(profile.read_text().splitlines())
    assert f"line {line}: model.id: the deployment does not allow eu.anthropic.claude-opus-9" in done.stdout
    assert "AllowedModelIds" in done.stdout
    profile.write_text(profile.read_text().replace("eu.anthropic.claude-opus-9", "eu.amazon.nova-lite-v1:0"))
    assert terminal.run("tenant", "check", str(folder), *allowed).exit_code == 0


def test_each_mistake_has_a_line_of_its_own(terminal, folder):
    """However many semicolons the sentences have."""
    (folder / "profile.yaml").write_text(PROFILE + "x: 1\ncountry: NO\n", encoding="utf-8")
    assert terminal.run("tenant", "check", str(folder)).stdout.count("PROBLEM") == 2


def test_a_file_in_another_encoding_is_named_with_its_line(terminal, folder):
    """As Windows once saved it."""
    (folder / "profile.yaml").write_bytes(PROFILE.encode("cp1250"))
    assert "line 5: has characters that are not UTF-8" in terminal.run("tenant", "check", str(folder)).stdout


def test_files_that_are_not_read_are_named(terminal, folder):
    """Documents of the wrong kind, or too large."""
    (folder / "prices.pdf").write_bytes(b"1")
    (folder / "long.md").write_bytes(b"x" * 200_001)
    (folder / "profile.json").write_bytes(b"{}")
    stdout = terminal.run("tenant", "check", str(folder)).stdout
    assert "prices.pdf is not read: documents end in .md" in stdout
    assert "long.md is not read: it is larger than 200 KB" in stdout
    assert stdout.count("PROBLEM") == 2


def test_two_businesses_with_one_calendar_are_refused(terminal, folder):
    """A folder of folders is checked as a whole."""
    other = folder.parent / "other"
    other.mkdir()
    (other / "profile.yaml").write_text(PROFILE, encoding="utf-8")
    done = terminal.run("tenant", "check", str(folder.parent))
    assert done.exit_code == 1
    assert "calendar salon@calendar.example is also that of salon-ania" in done.stdout
    assert "calendar salon@calendar.example is also that of other" in done.stdout


@pytest.mark.parametrize("location", ["s3://bucket", "s3://bucket/salon-ania", "s3://bucket/salon-ania/"])
def test_a_bucket_is_checked(terminal, location):
    """One business in it, or all."""
    terminal.s3 = MemoryS3()
    terminal.s3.put_object(Bucket="bucket", Key="salon-ania/profile.yaml", Body=PROFILE.encode())
    terminal.s3.put_object(Bucket="bucket", Key="salon-ania/prices.md", Body=b"# Prices\n")
    [report] = terminal.json("tenant", "check", location)
    assert (report["tenant"], len(report["documents"])) == ("salon-ania", 1)


@pytest.mark.parametrize("location", ["nowhere", ".", "s3://", "s3:///salon-ania"])
def test_a_folder_without_a_profile_is_named(terminal, location, tmp_path, monkeypatch):
    """The exit code differs from that of a mistake."""
    monkeypatch.chdir(tmp_path)
    done = terminal.run("tenant", "check", location)
    assert (done.exit_code, location in done.stderr) == (3, True)


def test_the_help_has_examples(terminal):
    """Of a folder, a bucket and JSON."""
    stdout = terminal.run("tenant", "check", "--help").stdout
    assert "stride tenant check s3://stride-knowledge/salon-ania" in stdout
