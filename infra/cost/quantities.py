"""From counted calls to quantities of the price list: of a step of a visit, and of an idle month."""

import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from infra.cost.calls import Amounts, CallTable
from infra.cost.prices import Quantities
from shared.consumer.heartbeat import BEAT_SECONDS
from workers.chat.handler.delta_schedule import COALESCE_SECONDS
from workers.chat.handler.listeners import REFRESH_SECONDS
from workers.chat.handler.stopping import STOP_POLL_SECONDS

TEMPLATE = Path(__file__).parents[1] / "template.yaml"

MODEL_ITEMS = ("model input token", "model cache write token", "model cache read token", "model output token")

ANSWER, IDLE_MINUTE, QUIET_MINUTE = "answer", "idle minute", "quiet minute"


def compute_step(name: str, calls: Mapping[str, Amounts], assumptions: Mapping[str, float]) -> dict[str, float]:
    """Return what a step takes, with the share of an answer that depends on its length."""
    quantities: dict[str, float] = defaultdict(float)
    for call, amounts in calls.items():
        _add(quantities, _translate_call(call, amounts, assumptions))
    if name == ANSWER:
        _add(quantities, _compute_timed_part(assumptions))
    return quantities


def compute_visit(table: CallTable, assumptions: Mapping[str, float], *, books: bool) -> dict[str, float]:
    """Return what a visit takes: a connection with its answers, and perhaps a booking."""
    steps = {"connect": 1.0, ANSWER: assumptions["answers of a visit"], "disconnect": 1.0}
    if books:
        steps |= {"free times": 2.0, "booking": 1.0}
    quantities: dict[str, float] = defaultdict(float)
    for step, count in steps.items():
        _add(quantities, compute_step(step, table.steps[step], assumptions), count)
    quantities["connection minute"] += assumptions["connection minutes of a visit"]
    return quantities


def compute_idle_month(table: CallTable, assumptions: Mapping[str, float], *, businesses: int = 1) -> dict[str, float]:
    """Return what a month without visitors takes: polling, the clock, secrets, alarms and the clock's metrics."""
    minutes = assumptions["minutes in a month"]
    open_share = assumptions["share of minutes in which a business is open"]
    read_share = open_share + (1 - open_share) / 15
    idle = compute_step(IDLE_MINUTE, table.steps[IDLE_MINUTE], assumptions)
    quiet = compute_step(QUIET_MINUTE, table.steps[QUIET_MINUTE], assumptions)
    quantities: dict[str, float] = defaultdict(float)
    _add(quantities, quiet, minutes)
    # Further calendars are read by the same command, up to ten.
    reading = {item: idle[item] - quiet[item] for item in idle if item.startswith("DynamoDB")}
    _add(quantities, reading, minutes * read_share * businesses)
    # Lists of the tenants, and of each folder, are cached for five minutes.
    quantities["S3 list or write"] += minutes / 5 * (1 + businesses)
    _add(quantities, _count_resources(TEMPLATE.read_text(encoding="utf-8"), minutes, assumptions))
    quantities["custom metric, month"] += sum(
        "Queue=stride-booking" in metric or metric == "KBCacheHit" for metric in table.metrics
    )
    return quantities


def compute_busy_month(
    table: CallTable, assumptions: Mapping[str, float], *, answers: int, bookings: int, businesses: int
) -> dict[str, float]:
    """Return what a month with visitors takes, without the model; each metric is published in every hour."""
    visits = answers / assumptions["answers of a visit"]
    quantities = compute_idle_month(table, assumptions, businesses=businesses)
    _add(quantities, compute_visit(table, assumptions, books=False), visits - bookings)
    _add(quantities, compute_visit(table, assumptions, books=True), bookings)
    quantities["custom metric, month"] = len(table.metrics)
    return quantities


def _translate_call(call: str, amounts: Amounts, assumptions: Mapping[str, float]) -> Quantities:
    calls = amounts["calls"]
    match call.split(" "):
        case ["apigateway", *_]:
            return {"WebSocket message": calls}
        case ["execute-api", "PostToConnection", *_] | ["scheduler", "DeleteSchedule"]:
            return {}  # free; the posted message is counted where it goes out
        case ["dynamodb", *_]:
            return {
                "DynamoDB read unit": amounts.get("read_units", 0),
                "DynamoDB write unit": amounts.get("write_units", 0),
            }
        case ["sqs", "SendMessage", queue]:
            # Sent, received and deleted; Lambda receives and deletes.
            return {f"SQS request, {'FIFO' if queue.endswith('.fifo') else 'standard'}": 3 * calls}
        case ["lambda", "Invoke", function]:
            seconds = calls * assumptions[f"seconds of an invocation of {function}"]
            return {
                "Lambda request": calls,
                "Lambda GB-second": seconds * assumptions[f"GB of {function}"],
                "log GB": amounts.get("log_bytes", 0) / 1e9,
                # A trace begins at the edge, or with a message of the clock.
                "X-Ray trace": calls if function in {"authorizer", "ingress"} else 0,
            }
        case ["ses", *_]:
            return {"e-mail": calls}
        case ["scheduler", "CreateSchedule"]:
            return {"schedule invoked": calls}
        case ["s3", "GetObject" | "HeadBucket"]:
            return {"S3 read": calls}
        case ["s3", *_]:
            return {"S3 list or write": calls}
        case _:
            raise ValueError(f"no price for {call}")


def _compute_timed_part(assumptions: Mapping[str, float]) -> Quantities:
    """Return what an answer takes for as long as it lasts: deltas, checks of claim, connections and stop flag."""
    seconds = assumptions["answer seconds"]
    return {
        "WebSocket message": assumptions["seconds of an answer in which text arrives"] / COALESCE_SECONDS,
        "DynamoDB read unit": (seconds / STOP_POLL_SECONDS + seconds / REFRESH_SECONDS + seconds / BEAT_SECONDS) / 2,
        "Lambda GB-second": seconds * assumptions["GB of chat"],
    }


def _count_resources(template: str, minutes: float, assumptions: Mapping[str, float]) -> Quantities:
    """Return what the resources of the template take when nothing happens.

    Lambda polls each queue all the time (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html).
    """
    sources = re.findall(r"EventSourceArn: !GetAtt (\w+)\.Arn", template)
    is_fifo = r"^  {name}:\n(?:    .*\n)*?      FifoQueue: true"
    fifo = [name for name in sources if re.search(is_fifo.format(name=name), template, re.MULTILINE)]
    polls = minutes * 60 / assumptions["seconds of a long poll"]
    return {
        "SQS request, FIFO": len(fifo) * polls * assumptions["pollers of an idle FIFO queue"],
        "SQS request, standard": (len(sources) - len(fifo)) * polls * assumptions["pollers of an idle standard queue"],
        # One more, which is created by hand: the key for Google Calendar.
        "secret, month": template.count("Type: AWS::SecretsManager::Secret") + 1,
        "alarm, month": template.count("Type: AWS::CloudWatch::Alarm"),
        # The messages of the clock begin traces.
        "X-Ray trace": minutes,
    }


def _add(quantities: dict[str, float], more: Quantities, times: float = 1.0) -> None:
    for item, quantity in more.items():
        quantities[item] += quantity * times
