"""A tenant: the business whose visitors we serve, as its `profile.yaml` describes it."""
