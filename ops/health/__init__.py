"""The health checks of a deployment, which `stride doctor` runs."""
