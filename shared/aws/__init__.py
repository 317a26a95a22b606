"""Adapters that speak to AWS through aiobotocore."""
