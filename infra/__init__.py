"""Everything around the deployables: the template, the packages and the local stack."""
