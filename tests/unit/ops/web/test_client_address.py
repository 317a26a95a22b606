"""Which client a request is from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.web.client_address import find_client_network, parse_networks

PROXIES = parse_networks("10.0.0.0/8 2001:db8:1::/48")
ADDRESSES = st.ip_addresses().map(str)


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "client"),
    [
        ("192.0.2.1", [], "192.0.2.1"),
        ("192.0.2.1", ["198.51.100.9"], "192.0.2.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.9"], "198.51.100.9"),
        ("10.0.0.1", ["203.0.113.66, 198.51.100.9"], "198.51.100.9"),
        ("10.0.0.1", ["203.0.113.66", "198.51.100.9 , 10.9.9.9"], "198.51.100.9"),
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("10.0.0.1", ["nonsense, 198.51.100.9"], "198.51.100.9"),
        ("10.0.0.1", ["198.51.100.9, nonsense"], "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.9:4711"], "198.51.100.9"),
        ("10.0.0.1", ["[2001:db8:2::9]:4711"], "2001:db8:2::/64"),
        ("2001:db8:1::1", ["2001:db8:2:0:aaaa::9"], "2001:db8:2::/64"),
        ("::ffff:10.0.0.1", ["::ffff:198.51.100.9"], "198.51.100.9"),
        ("fe80::1%eth0", [], "fe80::/64"),
        ("testclient", ["198.51.100.9"], "testclient"),
    ],
)
def test_only_a_trusted_proxy_is_believed(peer, forwarded_for, client):
    """The list is read from its end, up to the first address that is no proxy of ours."""
    assert find_client_network(peer, forwarded_for, PROXIES) == client


@given(peer=ADDRESSES, forwarded_for=st.lists(st.text(max_size=30) | ADDRESSES, max_size=4))
def test_without_proxies_the_header_means_nothing(peer, forwarded_for):
    """A client can't choose as whom it is counted."""
    assert find_client_network(peer, forwarded_for, ()) == find_client_network(peer, [], ())


@given(written=st.lists(st.text(max_size=30) | ADDRESSES, max_size=4), client=st.ip_addresses(v=4).map(str))
def test_what_a_client_writes_before_changes_nothing(written, client):
    """The proxy appends the address that called it."""
    trusted = parse_networks("10.0.0.1/32")
    if client != "10.0.0.1":
        assert find_client_network("10.0.0.1", [*written, client], trusted) == client
        assert find_client_network("10.0.0.1", [", ".join([*written, client])], trusted) == client


def test_networks_are_checked():
    """A typing error is noticed at the start."""
    assert parse_networks("") == ()
    assert len(parse_networks("10.0.0.0/8, 192.0.2.7")) == 2
    with pytest.raises(ValueError, match="host bits"):
        parse_networks("10.0.0.1/8")
