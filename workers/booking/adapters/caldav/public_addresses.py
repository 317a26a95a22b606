"""Opens sockets to public addresses only, so that a URL from a profile reaches nothing inside our network."""

import ipaddress
import socket

from aiohappyeyeballs import AddrInfoType

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class PrivateAddressError(OSError):
    """The name resolves to an address that is not public."""


def is_public_address(text: str) -> bool:
    """Return whether an IP address is reachable from everywhere, and so is nobody's own network.

    An IPv4 address that is written inside an IPv6 one counts as what it is.
    """
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner:
            return is_public_address(str(inner))
    return address.is_global and not address.is_multicast


def open_public_socket(info: AddrInfoType) -> socket.socket:
    """Create the socket for one resolved address, just before the connection: a later answer of DNS changes nothing.

    Raises:
        PrivateAddressError: the address is not public.
    """
    family, kind, protocol, _, address = info
    if not is_public_address(str(address[0])):
        raise PrivateAddressError(f"{address[0]} is not a public address")
    return socket.socket(family=family, type=kind, proto=protocol)
