"""The form of a tenant's id."""

import re

TENANT_ID = re.compile(r"[a-z0-9-]{3,40}", re.ASCII)
"""It is the name of a tenant's folder, and part of URLs and keys."""
