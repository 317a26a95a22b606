"""Reports what is wrong with a business's folder, and what its visitors would see."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ops.tenants.folders import PROFILE, TenantFolder
from shared.errors import ConfigurationError
from shared.tenants.documents import UnreadableDocumentError, decode_document, describe_problem, select_documents
from shared.tenants.parse import MAX_PROFILE_BYTES, InvalidProfileError, parse_with_tree
from shared.tenants.profile import TenantProfile
from shared.tenants.profile_facts import describe_question, describe_reminders, describe_week, list_special_dates
from shared.tenants.profile_types import choose_line
from shared.tenants.profile_warnings import find_profile_warnings
from shared.tenants.prompt_services import select_services
from shared.tenants.shared_calendars import find_shared_calendars
from shared.tenants.tenant_id import TENANT_ID
from shared.tenants.yaml_tree import find_position
from workers.booking.facade import list_open_times

_NEXT_TIMES = 3


@dataclass(frozen=True, slots=True)
class ServicePreview:
    """A service as visitors see it, and the next times that the profile's rules allow."""

    id: str
    name: str
    duration_minutes: int
    price: str | None
    questions: tuple[str, ...]
    """Each with what is accepted as its answer."""
    next_times: tuple[datetime, ...]
    """In the business's zone; visits and calendars are not consulted."""


@dataclass(frozen=True, slots=True)
class BusinessPreview:
    """What visitors see of a business beside its services, texts in its own language."""

    address: str | None
    phone: str | None
    cancellation_fee: str | None
    opening_hours: str
    special_dates: tuple[str, ...]
    """The exceptions and closed ranges within the horizon."""
    reminders: str


@dataclass(frozen=True, slots=True)
class Document:
    """A document that the assistant reads."""

    name: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class TenantReport:
    """What the check of a folder found."""

    tenant: str
    name: str
    problems: tuple[str, ...]
    business: BusinessPreview | None
    """None if the profile has errors."""
    services: tuple[ServicePreview, ...]
    documents: tuple[Document, ...]


def build_reports(
    folders: Sequence[TenantFolder], now: datetime, *, allowed_models: Collection[str] = ()
) -> list[TenantReport]:
    """Return a report of each folder, in order; without a list of allowed models, every model is one."""
    results = {folder.tenant: _check_profile(folder, allowed_models) for folder in folders}
    profiles = {tenant: profile for tenant, (profile, _) in results.items() if profile}
    shared = find_shared_calendars(profiles)
    return [
        _build_report(folder, *results[folder.tenant], [*_name_shared_calendars(folder.tenant, shared.items())], now)
        for folder in folders
    ]


def _check_profile(
    folder: TenantFolder, allowed_models: Collection[str]
) -> tuple[TenantProfile | None, tuple[str, ...]]:
    """Return the profile if it is valid, and its problems: errors if it is not, else warnings."""
    if folder.sizes[PROFILE] > MAX_PROFILE_BYTES:
        return None, (f"the profile is larger than {MAX_PROFILE_BYTES // 1024} KB: shorten it",)
    content = folder.read(PROFILE)
    try:
        profile, tree = parse_with_tree(content.decode())
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return None, (f"line {line}: has characters that are not UTF-8: save the file as UTF-8",)
    except InvalidProfileError as error:
        return None, error.problems
    except ConfigurationError as error:
        return None, (str(error),)
    problems = [*map(str, find_profile_warnings(tree, profile))]
    if allowed_models and profile.model.id and profile.model.id not in allowed_models:
        line = find_position(tree, ("model", "id")).line
        problems.append(
            f"line {line}: model.id: the deployment does not allow {profile.model.id}, so its default model would"
            f" answer: write one of {', '.join(sorted(allowed_models))}, or add it to AllowedModelIds"
        )
    if omitted := select_services(profile).omitted:
        problems.append(
            f"services: the assistant is not told of {', '.join(omitted)}: they do not fit into its prompt; shorten"
            " names, prices and questions, or put the most important services first"
        )
    return profile, tuple(problems)


def _name_shared_calendars(tenant: str, shared: Iterable[tuple[str, Sequence[str]]]) -> Iterable[str]:
    for calendar_id, tenants in shared:
        if tenant in tenants:
            others = ", ".join(other for other in tenants if other != tenant)
            yield f"calendar {calendar_id} is also that of {others}: give each business a calendar of its own"


def _build_report(
    folder: TenantFolder,
    profile: TenantProfile | None,
    problems: Sequence[str],
    shared: Sequence[str],
    now: datetime,
) -> TenantReport:
    selection = select_documents(folder.sizes)
    unreadable = dict(_find_unreadable_documents(folder, selection.names))
    ignored = [*selection.problems, *unreadable.values()]
    if not TENANT_ID.fullmatch(folder.tenant):
        ignored.append("the folder's name can't be an id: use a-z, 0-9 and - alone")
    return TenantReport(
        tenant=folder.tenant,
        name=profile.name if profile else "",
        problems=(*problems, *shared, *ignored),
        business=_preview_business(profile, now) if profile else None,
        services=_preview_services(profile, now) if profile else (),
        documents=tuple(Document(name, folder.sizes[name]) for name in selection.names if name not in unreadable),
    )


def _preview_business(profile: TenantProfile, now: datetime) -> BusinessPreview:
    today = now.astimezone(profile.zone).date()
    return BusinessPreview(
        choose_line(profile.address, profile.locale),
        profile.phone,
        choose_line(profile.cancellation_fee, profile.locale),
        describe_week(profile),
        tuple(list_special_dates(profile, today, today + timedelta(days=profile.horizon_days))),
        describe_reminders(profile),
    )


def _preview_services(profile: TenantProfile, now: datetime) -> tuple[ServicePreview, ...]:
    return tuple(
        ServicePreview(
            service.id,
            service.name.choose_text(profile.locale),
            service.duration_minutes,
            choose_line(service.price, profile.locale),
            tuple(describe_question(question, profile.locale) for question in service.questions),
            tuple(
                time.astimezone(profile.zone) for time in list_open_times(profile, service.id, now, count=_NEXT_TIMES)
            ),
        )
        for service in profile.services
    )


def _find_unreadable_documents(folder: TenantFolder, names: Iterable[str]) -> Iterable[tuple[str, str]]:
    """Yield the documents that are no text, each with a sentence."""
    for name in names:
        try:
            decode_document(folder.read(name))
        except UnreadableDocumentError as error:
            yield name, describe_problem(name, error)
