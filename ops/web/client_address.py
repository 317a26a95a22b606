"""Finds the address of a client, also behind proxies that the deployer trusts; pure."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from shared.network_address import find_network

Network = IPv4Network | IPv6Network


def parse_networks(text: str) -> tuple[Network, ...]:
    """Return the networks of a setting, which spaces separate: `10.0.0.0/8 2001:db8::/32 192.0.2.7`.

    Raises:
        ValueError: one is no network.
    """
    return tuple(ip_network(part) for part in text.replace(",", " ").split())


def find_client_network(peer: str, forwarded_for: Sequence[str], trusted: Sequence[Network]) -> str:
    """Return the network that counts as one client; by it sign-in attempts are counted.

    Each proxy appends the address that it was called from to `X-Forwarded-For`. So the list is read from its end, as
    long as the addresses are trusted proxies; what is before that, a client may have written itself. Without a trusted
    peer the header means nothing.
    """
    address = _parse_address(peer)
    if address is None:
        return peer
    entries = [entry.strip() for header in forwarded_for for entry in header.split(",")]
    while entries and any(address in network for network in trusted):
        before = _parse_address(entries.pop())
        if before is None:
            break
        address = before
    return find_network(str(address))


def _parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """Return an address; some proxies add the port, and write IPv4 as IPv6."""
    host, _, port = text.rpartition(":")
    if port.isascii() and port.isdigit() and (host.startswith("[") or host.count(".") == 3):
        text = host
    try:
        address = ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return None
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address
