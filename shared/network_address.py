"""Which network a visitor's IP address belongs to."""

from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network

_VISITORS_NETWORK = 64
"""Prefix length of the IPv6 network of one household or one telephone (RFC 6177)."""
_WIDER_NETWORKS = (56, 48)
"""Prefix lengths of what one customer of a provider may have (RFC 6177): each has as many /64 as an attacker likes."""


def find_network(source_ip: str) -> str:
    """Return the network that counts as one visitor: an IPv4 address, or the IPv6 network around one."""
    return next(iter(list_networks(source_ip)), "")


@lru_cache(maxsize=1024)
def list_networks(source_ip: str) -> tuple[str, ...]:
    """Return the network that counts as one visitor, and the wider ones around it; none for an empty address."""
    try:
        address = ip_address(source_ip)
    except ValueError:
        return (source_ip,) if source_ip else ()
    if not isinstance(address, IPv6Address):
        return (str(address),)
    if address.ipv4_mapped:
        return (str(address.ipv4_mapped),)
    return tuple(
        str(ip_network((int(address), length), strict=False)) for length in (_VISITORS_NETWORK, *_WIDER_NETWORKS)
    )
