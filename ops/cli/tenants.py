"""`stride tenant check`: the mistakes of a business's folder, and what its visitors would see."""

from collections.abc import Iterator
from dataclasses import asdict

import click
from rich.text import Text

from ops.cli.examples import GroupWithExamples, WithExamples
from ops.cli.json_output import to_json
from ops.cli.session import NOT_DONE, CommandError, Session
from ops.cli.times import format_in_business_zone
from ops.cli.views import print_lines, sanitize_text
from ops.tenants.folders import read_folders
from ops.tenants.report import TenantReport, build_reports
from shared.errors import ConfigurationError, PermanentError, TransientError, describe_error

_TENANT = """
Examples:
  stride tenant check tenants/salon-ania
  stride tenant check s3://stride-knowledge
"""


@click.group(cls=GroupWithExamples, epilog=_TENANT)
def tenant() -> None:
    """Check the profile and the documents of a business."""


_CHECK = """
Exit code 0 if there is nothing to correct, 1 if there is, 3 if the
folder can't be read. It needs no deployment.

Examples:
  stride tenant check tenants/salon-ania
  stride tenant check tenants && aws s3 sync tenants s3://stride-knowledge
  stride tenant check s3://stride-knowledge/salon-ania
  stride tenant check tenants --allowed-models eu.anthropic.claude-haiku-5-5
  stride tenant check tenants --json | jq '.[] | select(.problems != [])'
"""


@tenant.command("check", cls=WithExamples, epilog=_CHECK)
@click.argument("location", metavar="FOLDER|s3://BUCKET[/ID]")
@click.option(
    "--allowed-models",
    metavar="ID,ID",
    default="",
    envvar="ALLOWED_MODEL_IDS",
    help="Models that profiles may name, as the output AllowedModelIds of the stack has them.",
)
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def check_tenant(session: Session, /, *, location: str, allowed_models: str, is_json: bool) -> None:
    """Name each mistake with its line and what to write, and preview services, times and documents.

    FOLDER is that of one business, or holds those of several. It also refuses what workers accept with a warning. The
    next times follow from the profile alone: visits and calendars are not consulted.
    """
    try:
        reports = build_reports(
            read_folders(location, session.open_s3),
            session.clock.now(),
            allowed_models=[part.strip() for part in allowed_models.split(",") if part.strip()],
        )
    except ConfigurationError as error:
        raise CommandError(str(error)) from None
    except OSError as error:
        raise CommandError(f"{location} can't be read: {error.strerror or error}") from None
    except (PermanentError, TransientError) as error:
        raise CommandError(f"{location} can't be read: {describe_error(error)}") from None
    if is_json:
        print_lines(session.out, to_json([asdict(report) for report in reports]))
    else:
        for report in reports:
            print_lines(session.out, *_render_report(report))
    if any(report.problems for report in reports):
        raise SystemExit(NOT_DONE)


def _render_report(report: TenantReport) -> Iterator[Text]:
    yield sanitize_text(f"{report.tenant}  {report.name}".rstrip(), "bold")
    for problem in report.problems:
        yield Text("  PROBLEM  ", style="bold red") + sanitize_text(problem)
    if not report.problems:
        yield Text("  OK       there is nothing to correct", style="green")
    if business := report.business:
        facts = [("address", business.address), ("phone", business.phone), ("fee", business.cancellation_fee)]
        facts += [("hours", business.opening_hours)]
        facts += [("special", text) for text in business.special_dates]
        facts.append(("reminded", business.reminders))
        yield from (sanitize_text(f"  {name:<8} {text}") for name, text in facts if text)
    for service in report.services:
        times = ", ".join(map(format_in_business_zone, service.next_times)) or "no time in the whole horizon"
        price = f", {service.price}" if service.price else ""
        yield sanitize_text(f"  service  {service.name} ({service.duration_minutes} min{price}): {times}")
        yield from (sanitize_text(f"           asks: {question}") for question in service.questions)
    for document in report.documents:
        yield sanitize_text(f"  document {document.name}, {document.size_bytes / 1000:.1f} KB")
    total = sum(document.size_bytes for document in report.documents)
    yield sanitize_text(f"  {len(report.documents)} documents, {total / 1000:.1f} KB")
    yield Text()
