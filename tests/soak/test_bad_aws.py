"""Queue and tables misbehave on the wire of AWS: microburst stands between the workers and the emulator."""

import http.client
import json
import subprocess
import threading
import time
from collections import Counter
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from bench.consumer.environments import CannotRunError, ensure_environment
from infra.local.environment import build_clean_environment
from infra.local.ports import HOST, find_free_port
from shared.ids import new_id
from tests.contracts.stores.template import create_queue
from tests.fakes.envelopes import command_body
from tests.soak.conftest import wait_until

REQUIREMENTS = Path(__file__).with_name("requirements-microburst.txt")
SESSIONS = 40
MESSAGES = 1_200
FAULT_SECONDS = 25

RULES = [
    {"service": "sqs", "probability": 0.1, "error": {"code": "RequestThrottled"}},
    {"service": "sqs", "probability": 0.05, "error": {"code": "InternalFailure", "status": 500}},
    {"service": "sqs", "probability": 0.05, "reset": True},
    {"service": "sqs", "operation": "DeleteMessageBatch", "probability": 0.05, "timeout_ms": 15_000},
    {"service": "sqs", "operation": "ReceiveMessage", "probability": 0.03, "timeout_ms": 40_000},
    # Carried out, and the answer is cut.
    {"service": "sqs", "operation": "ReceiveMessage", "probability": 0.05, "response": {"abort_frac": 0.3}},
    {"service": "sqs", "operation": "DeleteMessageBatch", "probability": 0.05, "response": {"abort_frac": 0.3}},
    {"service": "dynamodb", "probability": 0.1, "error": {"code": "ProvisionedThroughputExceededException"}},
    {"service": "dynamodb", "probability": 0.03, "error": {"code": "InternalServerError", "status": 500}},
    {"service": "dynamodb", "probability": 0.03, "reset": True},
    {"service": "dynamodb", "probability": 0.01, "timeout_ms": 10_000},
    {"service": "dynamodb", "operation": "UpdateItem", "probability": 0.05, "response": {"abort_frac": 0.3}},
    {"service": "dynamodb", "operation": "TransactWriteItems", "probability": 0.05, "response": {"abort_frac": 0.3}},
]


class Microburst:
    """Where the proxy is, and how to give it rules."""

    def __init__(self, port):
        self._port = port
        self.url = f"http://{HOST}:{port}"

    def rules(self, rules):
        """Put these rules in force instead of those before."""
        self._ask("POST", "rules", rules)

    def fired(self):
        """Return how often what was done to which service."""
        events = self._ask("GET", "fired?limit=100000")
        return Counter(f"{event['service']} {event['action'].partition(':')[0]}" for event in events)

    def is_up(self):
        try:
            return bool(self._ask("GET", "health"))
        except OSError:
            return False

    def _ask(self, method, path, content=None):
        with closing(http.client.HTTPConnection(HOST, self._port, timeout=30)) as connection:
            connection.request(method, f"/_microburst/{path}", json.dumps(content) if content is not None else None)
            response = connection.getresponse()
            answer = json.loads(response.read())
        assert response.status == 200, answer
        return answer


@contextmanager
def microburst_before(endpoint_url, log):
    """Run the proxy in an environment of its own: it wants another botocore than the emulator does."""
    port = find_free_port()
    command = [ensure_environment("microburst", REQUIREMENTS), "-m", "microburst", "--no-resign"]
    command += ["--upstream", endpoint_url, "--port", str(port), "--host", HOST]
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=build_clean_environment(), stdout=output, stderr=subprocess.STDOUT)
    try:
        proxy = Microburst(port)
        wait_until(proxy.is_up, 60, "microburst answers")
        yield proxy
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def microburst(emulator, tmp_path):
    try:
        with microburst_before(emulator.endpoint_url, tmp_path / "microburst.log") as proxy:
            yield proxy
    except CannotRunError as error:
        pytest.skip(str(error))


@pytest.mark.soak
def test_every_effect_once_when_queue_and_tables_fail(workshop, microburst):
    """Throttles, errors, resets, time-outs and cut answers of SQS and DynamoDB double no effect and lose none."""
    sqs = workshop.emulator.client("sqs")
    run = new_id()[:8]
    url = create_queue(sqs, "ChatQueue", name=f"{run}-chat")
    dlq = create_queue(sqs, "ChatQueue", name=f"{run}-chat-dlq")
    sent = {f"{run}-s{group}": [] for group in range(SESSIONS)}

    def send():
        for start in range(0, MESSAGES, 10):
            numbers = range(start, start + 10)
            for number in numbers:
                sent[f"{run}-s{number % SESSIONS}"].append(f"{run}-k{number}")
            sqs.send_message_batch(QueueUrl=url, Entries=[entry(run, number) for number in numbers])
            time.sleep(FAULT_SECONDS * 10 / MESSAGES)

    for _ in range(2):
        workshop.start(
            *("--queue", url, "--dlq", dlq, "--seconds", "0.1"),
            AWS_ENDPOINT_URL_SQS=microburst.url,
            AWS_ENDPOINT_URL_DYNAMODB=microburst.url,
        )
    workshop.started_all(60)
    began = time.monotonic()
    microburst.rules(RULES)
    sending = threading.Thread(target=send)
    sending.start()
    sending.join()
    microburst.rules([])
    wait_until(lambda: not any(counts(sqs, url)), 180, "an empty queue")
    workshop.stop_all()
    fired = microburst.fired()
    print(f"{MESSAGES} messages, {time.monotonic() - began:.0f} s, fired: {dict(fired)}")
    for service in ("sqs", "dynamodb"):
        for action in ("error", "reset", "timeout", "response"):
            assert any(what.startswith(f"{service} {action}") for what in fired), (service, action)
    stored = {session: [text for _, text in frames] for session, frames in workshop.frames(sent).items()}
    assert stored == sent
    assert counts(sqs, dlq) == (0, 0)


def entry(run, number):
    group = number % SESSIONS
    body = command_body(f"{run}-k{number}", session=f"{run}-s{group}")
    return {"Id": str(number), "MessageBody": body, "MessageGroupId": str(group), "MessageDeduplicationId": str(number)}


def counts(sqs, url):
    """Return how many messages wait and how many are in hand."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return tuple(int(attributes[name]) for name in names)
