"""The log lines in docs/troubleshooting.md are those that the code writes."""

import ast
import io
import json
import re
from functools import cache
from types import SimpleNamespace

import pytest

from shared.aws.errors import translate_aws_errors
from shared.aws.secret_cache import Secrets
from shared.consumer.disposition import DeadLetter, RetryIn, RetryPolicy, decide_disposition
from shared.emf import EmfMetrics
from shared.errors import ConfigurationError, DeploymentError, PermanentError, TransientError, describe_error
from shared.lambda_start import Start
from tests.fakes.clock import FakeClock
from tests.unit.ops.health.values import client_error
from tests.unit.troubleshooting_page import LOG_LINES, PAGE, ROOT
from workers.booking.domain.calendar_problem import CalendarProblem
from workers.chat.settings import ChatSettings

LEVELS = {"info": "info", "warning": "warning", "error": "error", "exception": "error"}
CONTEXT = {"event", "level", "component", "queue", "type", "tenant", "attempt"}
"""Fields that every line has, or that the worker core puts on every line about a delivery."""
DELIVERY = {"disposition", "reason"}
"""What `delivery_finished` has beside them."""

IMPORT_ERROR = "No module named 'structlog'"


@cache
def sources(*folders):
    """Return (path, text) of the modules in these folders."""
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    return [path.read_text(encoding="utf-8") for path in paths]


def log_calls(event):
    """Return (level, fields) of every place in the code that writes this event."""
    texts = [text for text in sources("api_gateway_ws", "shared", "workers") if f'"{event}"' in text]
    calls = [node for text in texts for node in ast.walk(ast.parse(text)) if is_log_call(node, event)]
    return [(level_of(call), {each.arg for each in call.keywords}) for call in calls]


def is_log_call(node, event):
    if not isinstance(node, ast.Call) or not node.args:
        return False
    return isinstance(node.args[0], ast.Constant) and node.args[0].value == event


def level_of(call):
    function = call.func
    return LEVELS.get(function.attr) if isinstance(function, ast.Attribute) else function.id.removeprefix("log_")


@pytest.mark.parametrize("line", [line for line in LOG_LINES if "_aws" not in line], ids=lambda line: line[:60])
def test_every_quoted_line_is_written_by_the_code(line):
    """Its event, its level, and no field that the code does not write."""
    fields = json.loads(line)
    written = [known for level, known in log_calls(fields["event"]) if level == fields["level"]]
    assert written, f"no code logs {fields['event']} with the level {fields['level']}"
    extra = DELIVERY if fields["event"] == "delivery_finished" else set()
    assert any(fields.keys() <= known | CONTEXT | extra for known in written)


def quoted(event, **fields):
    """Return the lines on the page with an event and these fields."""
    lines = [json.loads(line) for line in LOG_LINES]
    return [line for line in lines if line.get("event") == event and fields.items() <= line.items()]


def failed_start(capsys, error):
    """Return the line that a function writes when this error ends its start."""

    def build():
        raise error

    Start(build, component="chat").attempt()
    return json.loads(capsys.readouterr().out)


def test_the_line_of_a_failed_import_is_quoted(capsys):
    """As a function writes it."""
    [line] = quoted("start_failed", error=f"ModuleNotFoundError: {IMPORT_ERROR}")
    assert line.items() <= failed_start(capsys, ModuleNotFoundError(IMPORT_ERROR)).items()


def test_the_line_of_a_missing_variable_is_quoted(capsys):
    """A function that lacks several names all of them."""
    [line] = [each for each in quoted("start_failed") if "variables" in each["error"]]
    with pytest.raises(ValueError, match="chat_queue_url") as missing:
        ChatSettings(_env_file=None)
    written = failed_start(capsys, missing.value)["error"]
    prefix = "check these variables: "
    assert written.startswith(prefix)
    assert line["error"].removeprefix(prefix) in written.removeprefix(prefix).split("; ")


@pytest.mark.parametrize(("queue", "call"), [("booking", "appointments.get"), ("chat", "bedrock.converse_stream")])
def test_a_wrong_key_and_a_wrong_model_have_the_quoted_reason(queue, call):
    """Both are a `ValidationException` of AWS, and no other attempt is made."""
    [line] = quoted("delivery_finished", reason="aws_ValidationException", queue=f"stride-{queue}.fifo")
    with pytest.raises(PermanentError) as refused, translate_aws_errors(call):
        raise client_error("ValidationException", "Any")
    disposition = decide_disposition(refused.value, attempts=1, policy=RetryPolicy())
    assert isinstance(disposition, DeadLetter)
    assert (line["disposition"], line["reason"]) == ("DeadLetter", disposition.reason)


def test_a_missing_permission_has_the_quoted_reason():
    """It is tried again, because an operator may repair it soon."""
    [line] = quoted("delivery_finished", disposition="RetryIn")
    disposition = decide_disposition(DeploymentError("aws_AccessDenied"), attempts=1, policy=RetryPolicy())
    assert isinstance(disposition, RetryIn)
    assert line["reason"] == disposition.reason


@pytest.mark.parametrize("line", [line for line in LOG_LINES if re.search(r"Error: \w+\.\w+: \w+Exception", line)])
def test_the_errors_of_aws_are_quoted(line):
    """Each has the name of a call that the code makes, and the type that this error becomes."""
    error = json.loads(line)["error"]
    _, call, code = error.split(": ")
    with pytest.raises((PermanentError, TransientError)) as refused, translate_aws_errors(call):
        raise client_error(code, "Any")
    assert describe_error(refused.value) == error
    assert any(re.search(rf'translate_\w+_errors\("{call}"\)', text) for text in sources("shared", "workers"))


def test_a_missing_secret_is_quoted():
    """With the text of the error that is logged."""
    [line] = quoted("google_secret_unreadable")
    client = SimpleNamespace(get_secret_value=refuse_secret)
    with pytest.raises(ConfigurationError) as missing:
        Secrets(client=client, clock=FakeClock()).get_text("chatbot/google-calendar")
    assert line["error"] == str(missing.value)


def refuse_secret(**_request):
    raise client_error("ResourceNotFoundException", "GetSecretValue")


def test_the_metric_of_slow_answers_is_quoted():
    """As the chat worker writes it, without dimensions."""
    [line] = [json.loads(line) for line in LOG_LINES if "_aws" in line]
    written = io.StringIO()
    EmfMetrics(clock=FakeClock(), stream=written).record_milliseconds("BedrockLatency", 6312.4)
    expected = json.loads(written.getvalue())
    del expected["_aws"]["Timestamp"]
    assert line == expected


def test_every_reason_of_a_table_exists():
    """Those of the calendar, and those of refused connections."""
    calendar = set(re.findall(r"`(calendar_\w+)`", PAGE)) - {"calendar_id"}
    assert calendar <= {problem.value for problem in CalendarProblem}
    for reason in ("foreign_origin", "unknown_tenant", "malformed_tenant", "bad_profile", "forged_token"):
        assert f"`{reason}`" in PAGE
        assert any(f'"{reason}"' in text for text in sources("api_gateway_ws", "shared"))
