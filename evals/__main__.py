"""Runs the golden conversations: `python -m evals`; exits with 1 for a fault, with 2 if it cannot begin."""

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session

from evals.evaluation import evaluate_model, evaluate_recording
from evals.golden_case import GoldenCase, GoldenCaseError, read_cases
from evals.lie_check import count_caught_lies
from evals.recording import RecordingError, open_recording, read_recording
from evals.report import Result, format_lie_counts, format_report
from infra.local.bedrock.in_process import InProcessClient
from infra.local.bedrock.standin import StandIn
from infra.local.bedrock_access import NoCredentialsFoundError, build_aws_variables
from shared.clock import SystemClock
from workers.chat.adapters.bedrock.model import BedrockModel

DEFAULT_MODEL_ID = "eu.anthropic.claude-haiku-4-5-20251001-v1:0"
_FOLDER = Path(".stride") / "evals"
_AT_ONCE = 4
_EPILOG = """\
examples:
  make eval                                         the stand-in, offline
  make eval BEDROCK=aws                             the real model, with your credentials: each run costs money
  make eval BEDROCK=aws ARGS="--model MODEL_ID"     another model
  make eval ARGS="--replay FILE"                    recorded answers again, for example after a change of the cases
  make eval ARGS=--lies                             how many lies of the stand-in the cases notice
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Evaluate the cases, print the report, and return the exit status."""
    options = _parse_arguments(arguments)
    try:
        cases = _select_cases(options.case, options.cases)
        results = _evaluate(options, cases)
    except (GoldenCaseError, RecordingError, NoCredentialsFoundError) as error:
        print(error, file=sys.stderr)
        return 2
    print(format_report(results))
    if options.lies:
        print()
        print(format_lie_counts(count_caught_lies([(one.case, one.answer) for one in results if one.answer])))
    return 0 if all(result.is_right for result in results) else 1


def _parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m evals",
        description="Asks a model the golden conversations, and checks its answers.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--bedrock", choices=("stand-in", "aws"), default="stand-in", help="which Bedrock is asked")
    parser.add_argument("--model", default=DEFAULT_MODEL_ID, metavar="ID", help=f"default: {DEFAULT_MODEL_ID}")
    parser.add_argument("--cases", type=Path, metavar="FOLDER", help="the folder of the cases; default: all of evals/")
    parser.add_argument("--case", action="append", metavar="ID", help="only this case; may be given again")
    parser.add_argument(
        "--record", type=Path, metavar="FILE", help="the file for the answers (aws: one in .stride/evals)"
    )
    parser.add_argument("--replay", type=Path, metavar="FILE", help="check recorded answers, and call no model")
    parser.add_argument("--lies", action="store_true", help="falsify the answers, and count what is noticed")
    options = parser.parse_args(arguments)
    if options.replay and (options.record or options.bedrock == "aws"):
        parser.error("--replay calls no model: it goes with neither --record nor --bedrock aws")
    return options


def _select_cases(ids: Sequence[str] | None, folder: Path | None) -> Sequence[GoldenCase]:
    cases = read_cases(folder) if folder else read_cases()
    if not ids:
        return cases
    if unknown := set(ids) - {case.id for case in cases}:
        raise GoldenCaseError(f"there is no case {', '.join(sorted(unknown))}")
    return [case for case in cases if case.id in ids]


def _evaluate(options: argparse.Namespace, cases: Sequence[GoldenCase]) -> list[Result]:
    if options.replay:
        return evaluate_recording(read_recording(options.replay, [case.id for case in cases]), cases)
    if options.bedrock == "stand-in":
        return asyncio.run(_ask_stand_in(options, cases))
    path = options.record or _FOLDER / f"{SystemClock().now():%Y%m%dT%H%M%SZ}.jsonl"
    variables = build_aws_variables()
    print(f"asking {options.model}; answers are recorded in {path}", file=sys.stderr)
    return asyncio.run(_ask_aws(options.model, cases, path, variables))


async def _ask_stand_in(options: argparse.Namespace, cases: Sequence[GoldenCase]) -> list[Result]:
    client = InProcessClient(StandIn(clock=time.monotonic))
    model = BedrockModel(client=client, default_model_id=options.model)
    with ExitStack() as files:
        record = files.enter_context(open_recording(options.record)) if options.record else None
        return await evaluate_model(model, cases, at_once=1, record=record)


async def _ask_aws(model_id: str, cases: Sequence[GoldenCase], path: Path, variables: dict[str, str]) -> list[Result]:
    client = get_session().create_client(
        "bedrock-runtime",
        endpoint_url=variables["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"],
        region_name=variables["BEDROCK_REGION"],
        aws_access_key_id=variables["BEDROCK_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["BEDROCK_SECRET_ACCESS_KEY"],
        aws_session_token=variables.get("BEDROCK_SESSION_TOKEN"),
        config=AioConfig(retries={"total_max_attempts": 1}),
    )
    with open_recording(path) as record:
        async with client as opened:
            model = BedrockModel(client=opened, default_model_id=model_id)
            return await evaluate_model(model, cases, at_once=_AT_ONCE, record=record)


if __name__ == "__main__":
    sys.exit(main())
