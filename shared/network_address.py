"""Which network a visitor's IP address belongs to."""

from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network

_VISITORS_NETWORK = 64
"""Prefix length of the IPv6 network of one household or one telephone (RFC 6177)."""
_WIDER_NETWORKS = (56, 48)
"""Prefix lengths of what one customer of a provider may have (RFC 6177): each has as many /64 as an attacker likes."""

_REGIONAL_IPV4 = (16, 24)
_REGIONAL_IPV6 = (32, 48)
"""An allocation to a provider, and one to a site (RFC 6177)."""


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


def list_regional_networks(source_ip: str) -> tuple[str, ...]:
    """Return the networks around that of a visitor, the widest first; none for what is no address.

    They are about as large as what one provider has in a region, and what one company or one rented server farm has.
    """
    try:
        address = ip_address(source_ip)
    except ValueError:
        return ()
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    lengths = _REGIONAL_IPV6 if isinstance(address, IPv6Address) else _REGIONAL_IPV4
    return tuple(str(ip_network(f"{address}/{length}", strict=False)) for length in lengths)
