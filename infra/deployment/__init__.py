"""Deploys the template to an account: probes, plan, change set, wait, record (docs/deployment.md)."""
