"""What the suites of claims share."""

from datetime import timedelta

LEASE = timedelta(seconds=30)


async def take(claims, key, fingerprint="print"):
    return await claims.claim(key, fingerprint=fingerprint, lease=LEASE)
