"""What the emulator keeps when it ends, and what it does with a file that it can't use."""

import json
import time

import pytest

from infra.aws import Target
from infra.local.child import ChildError
from infra.local.emulator import start_emulator, wait_for_emulator
from infra.local.emulator_state import KEPT_SERVICES
from infra.local.environment import build_clean_environment
from infra.local.interrupts import Interrupts
from infra.local.ports import HOST, find_free_port
from infra.local.processes import Children
from tests.deadlines import DEADLINE_SECONDS
from tests.infra.template import load


@pytest.fixture
def emulator(tmp_path):
    """Start the emulator with the same folder for its data, each time on another port."""
    children = Children(tmp_path / "logs", Interrupts())

    def start():
        port = find_free_port()
        child = start_emulator(
            children,
            port=port,
            scratch=tmp_path / "tmp",
            environment=build_clean_environment(),
            state=tmp_path / "state",
        )
        wait_for_emulator(child, port)
        return child, Target(endpoint_url=f"http://{HOST}:{port}").client

    yield start
    children.stop_all()


def test_every_service_of_the_template_is_kept():
    """A resource of another service would be lost at each restart, while its stack says that it exists."""
    services = {resource["Type"].split("::")[1] for resource in load()["Resources"].values()}
    assert services - KEPT_SERVICES.keys() == set()


def test_queues_tables_and_buckets_survive_a_stop_and_a_crash(emulator, tmp_path):
    """What was written last is there after SIGTERM, and what was written half a second before after SIGKILL."""
    child, client = emulator()
    queue = client("sqs").create_queue(QueueName="visits.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    client("s3").create_bucket(Bucket="knowledge", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    client("s3").put_object(Bucket="knowledge", Key="opening-hours.md", Body=b"Mon to Fri")
    message = {"MessageGroupId": "session", "MessageDeduplicationId": "1", "MessageBody": "hold"}
    client("sqs").send_message(QueueUrl=queue, **message)
    address = queue.rsplit("/", 2)[0]
    child.terminate()
    child.wait_for_exit(grace_seconds=DEADLINE_SECONDS)
    assert child.exit_code == 0
    # Messages before the rows that they change.
    assert next(iter(json.loads((tmp_path / "state" / "emulator.json").read_text())["content"]["services"])) == "sqs"

    child, client = emulator()
    assert client("s3").get_object(Bucket="knowledge", Key="opening-hours.md")["Body"].read() == b"Mon to Fri"
    queue = client("sqs").get_queue_url(QueueName="visits.fifo")["QueueUrl"]
    assert queue.rsplit("/", 2)[0] != address
    [received] = client("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=1)["Messages"]
    assert received["Body"] == "hold"
    # Still the same five minutes: a repeated message is none.
    client("sqs").send_message(QueueUrl=queue, **message)
    client("sqs").delete_message(QueueUrl=queue, ReceiptHandle=received["ReceiptHandle"])
    client("sqs").send_message(QueueUrl=queue, **message | {"MessageDeduplicationId": "2", "MessageBody": "confirm"})
    wait_for_text(tmp_path / "state" / "emulator.json", "confirm")
    child.kill()

    _, client = emulator()
    queue = client("sqs").get_queue_url(QueueName="visits.fifo")["QueueUrl"]
    received = client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)["Messages"]
    assert [each["Body"] for each in received] == ["confirm"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('{"format": 1, "content": {"serv', id="cut off"),
        pytest.param('{"format": 1, "content": {"ministack": "999.0", "services": {}}}', id="of a newer emulator"),
    ],
)
def test_a_file_that_cannot_be_used_ends_the_emulator(emulator, tmp_path, text):
    """It does not begin with a part of its data, nor overwrite them; the reason is in its output."""
    kept = tmp_path / "state" / "emulator.json"
    kept.parent.mkdir()
    kept.write_text(text)
    with pytest.raises(ChildError, match="`make up FRESH=1` begins anew"):
        emulator()
    assert kept.read_text() == text


def wait_for_text(path, text):
    end = time.monotonic() + DEADLINE_SECONDS
    while not path.exists() or text not in path.read_text():
        assert time.monotonic() < end
        time.sleep(0.05)
