"""Benchmark and world of resumed conversations: real ingress, authorizer and pools behind a gateway in this process."""
