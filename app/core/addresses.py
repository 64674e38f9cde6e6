"""Which network addresses may be called. Pure: it is told what a name resolved to, it never asks.

A host is a plain DNS name or an address written the one usual way. The other spellings of 127.0.0.1
(2130706433, 0177.1, 0x7f000001, ::ffff:7f00:1, full-width digits) exist to get past checks like this one.
"""

import ipaddress
import re
import unicodedata
from typing import Final

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class OutsideRefused(Exception):
    """A way out that stays shut; the sentence says why, and who could open it."""


#: Public by its number, and yet the machine next door: Azure answers for its own machines at this one.
_METADATA: Final = frozenset({ipaddress.ip_address("168.63.129.16")})

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")

_PREFIXES_WITH_IPV4 = (  # prefix, where in the 128 bits the IPv4 address stands
    (ipaddress.ip_network("::ffff:0:0/96"), 0),
    (ipaddress.ip_network("::ffff:0:0:0/96"), 0),
    (ipaddress.ip_network("64:ff9b::/96"), 0),
    (ipaddress.ip_network("::/96"), 0),
    (ipaddress.ip_network("2002::/16"), 80),
)
_NEVER = tuple(
    map(
        ipaddress.ip_network,
        (
            "0.0.0.0/8",
            "100.64.0.0/10",
            "192.0.0.0/24",
            "192.88.99.0/24",
            "198.18.0.0/15",
            "240.0.0.0/4",
            "64:ff9b:1::/48",
            "100::/64",
            "2001::/23",  # Teredo and its neighbours
            "2001:db8::/32",
            "3fff::/20",
            "5f00::/16",
            "fc00::/7",
            "fec0::/10",
        ),
    )
)


def plain_host(host: str) -> str:
    """The host in lower case without a last dot. Raises OutsideRefused for any trick spelling."""
    refused = OutsideRefused(f"“{shown(host)}” is not a host name or address that can be called.")
    if not host.isascii():
        # One alphabet of dots and digits: what a resolver would fold, we refuse to guess.
        folded = unicodedata.normalize("NFKC", host)
        if folded.isascii():
            raise refused
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError:
            raise refused from None
    host = host.lower().removesuffix(".")
    literal = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    try:
        address = ipaddress.ip_address(literal)
    except ValueError:
        pass
    else:
        if getattr(address, "scope_id", None):
            raise refused
        return str(address)
    labels = host.split(".")
    if len(host) > 253 or not all(map(_LABEL.fullmatch, labels)) or _NUMBER.fullmatch(labels[-1]):
        raise refused
    return host


def refuse_private(address: Address, host: str) -> None:
    """Raises OutsideRefused unless the address is one of the public internet."""
    if not is_public(address):
        raise OutsideRefused(
            f"{shown(host)} leads to {address}, an address inside a private network. Only addresses of the "
            "public internet are called; an operator may allow one host and port in "
            "FRONTOFFICE_EGRESS_PRIVATE_ALLOWED."
        )


def is_public(address: Address) -> bool:
    """True for an address that anyone on the internet could call."""
    inner = _ipv4_within(address)
    if inner is not None:
        return is_public(inner)
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not address.is_link_local
        and address not in _METADATA
        and not any(address in network for network in _NEVER if network.version == address.version)
    )


def _ipv4_within(address: Address) -> ipaddress.IPv4Address | None:
    if isinstance(address, ipaddress.IPv4Address):
        return None
    for network, shift in _PREFIXES_WITH_IPV4:
        if address in network:
            return ipaddress.IPv4Address(int(address) >> shift & 0xFFFFFFFF)
    return None


def shown(host: str) -> str:
    """A host as it may stand in a sentence or a log: short, and nothing unprintable."""
    return "".join(letter if letter.isprintable() else "?" for letter in host[:100])
