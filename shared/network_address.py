"""Which network a visitor's IP address belongs to."""

from ipaddress import IPv6Address, ip_address, ip_network

_VISITORS_NETWORK = 64
"""Prefix length of the IPv6 network of one household or one telephone (RFC 6177)."""


def find_network(source_ip: str) -> str:
    """Return the network that counts as one visitor: an IPv4 address, or the IPv6 network around one."""
    try:
        address = ip_address(source_ip)
    except ValueError:
        return source_ip
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ip_network((int(address), _VISITORS_NETWORK), strict=False))
