"""In which part of the world a model's regions are, and whether the models of a deployment keep data in one."""

from collections.abc import Iterable

from shared.errors import ConfigurationError
from shared.language_models.values import Geography

_OTHER_PREFIXES = frozenset({"apac", "au", "ca", "jp", "us-gov"})
"""Prefixes of inference profiles that the catalogue has no models of
(https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html)."""

PARAMETER = "ModelsMayLeaveGeography"
"""The parameter of the template with which a deployer allows models of several geographies."""


def read_geography(model_id: str) -> Geography:
    """Return the geography that an id or the ARN of a model says; an application profile says none."""
    prefix, dot, rest = model_id.rpartition("/")[2].partition(".")
    if not dot:
        return Geography.OTHER
    if prefix in {Geography.EU, Geography.US, Geography.GLOBAL} and "." in rest:
        return Geography(prefix)
    return Geography.OTHER if prefix in _OTHER_PREFIXES else Geography.REGION


def check_geographies(model_ids: Iterable[str], *, may_leave: bool) -> None:
    """Check that all models of a deployment keep what visitors write in one geography.

    A model that answers in the called region is within each geography but the global one.

    Raises:
        ConfigurationError: they do not, and the deployer has not allowed that.
    """
    models_by_area = _group_by_area(model_ids)
    if len(models_by_area) > 1 and not may_leave:
        named = ", ".join(f"{model_id} ({area})" for area, model_id in models_by_area.items())
        raise ConfigurationError(
            f"the models are of different geographies: {named}. What visitors write would leave the geography of a"
            f" model: name models of one, or set {PARAMETER}=true if it may"
        )


def has_one_geography(model_ids: Iterable[str]) -> bool:
    """Return whether all models keep what visitors write in one geography."""
    return len(_group_by_area(model_ids)) <= 1


def _group_by_area(model_ids: Iterable[str]) -> dict[str, str]:
    """Return one model of each geography; a region is no geography of its own beside that in which it is."""
    models_by_area: dict[str, str] = {}
    for model_id in model_ids:
        models_by_area.setdefault(_name_area(model_id), model_id)
    if Geography.GLOBAL not in models_by_area and len(models_by_area) > 1:
        models_by_area.pop(Geography.REGION, None)
    return models_by_area


def _name_area(model_id: str) -> str:
    geography = read_geography(model_id)
    if geography is not Geography.OTHER:
        return geography
    name = model_id.rpartition("/")[2]
    return name.partition(".")[0] if "." in name else model_id
