"""A profile that an owner has written stays readable, and stands where it stood in the knowledge bucket."""

from shared.tenants.profile import TenantProfile
from shared.tenants.tenant_id import TENANT_ID
from tests.compatibility.frozen_names import assert_kept


def fields(schema, defs):
    """Return the fields of a section, with those of the sections inside."""
    if "$ref" in schema:
        return fields(defs[schema["$ref"].rpartition("/")[2]], defs)
    found = {name: fields(field, defs) for name, field in schema.get("properties", {}).items()}
    for part in (schema.get("items"), *schema.get("anyOf", ())):
        found |= fields(part, defs) if part else {}
    return found


def current_names():
    """Return the fields of a profile, and how a tenant may be called."""
    schema = TenantProfile.model_json_schema()
    return {"profile": fields(schema, schema["$defs"]), "tenant": TENANT_ID.pattern}


def test_every_field_of_a_profile_is_still_one():
    """An unknown field is refused, so a renamed one would refuse the whole profile."""
    assert_kept("profile", current_names(), who_depends="profiles in knowledge buckets")
