import ipaddress

import pytest

from app.core.addresses import OutsideRefused, is_public, plain_host, refuse_private

#: Ways to write 127.0.0.1, 169.254.169.254 and their like that a resolver understands and a reader does not.
TRICKS = [
    "2130706433",
    "0x7f000001",
    "0x7f.0x0.0x0.0x1",
    "017700000001",
    "0177.0.0.1",
    "0177.0000.0000.0001",
    "127.1",
    "127.0.1",
    "0",
    "0x0",
    "127.000000000000.1",
    "1.2.3.4.5",
    "10.0.0.0x1",
    "example.org.0x7f",
    "①②⑦.⓪.⓪.⓪",
    "１２７.０.０.１",
    "ｌocalhost",
    "fe80::1%eth0",
    "[fe80::1%25eth0]",
    "user@127.0.0.1",
    "127.0.0.1:80",
    "127.0.0.1/",
    "127.0.0.1#",
    "relay.example.org\r\nRCPT TO:<x>",
    "relay example.org",
    "relay..example.org",
    ".example.org",
    "-relay.example.org",
    "",
    ".",
    "\0",
    "x" * 64 + ".example.org",
    ".".join(["abcdefgh"] * 40),
]


@pytest.mark.parametrize("host", TRICKS)
def test_a_host_is_written_the_one_plain_way(host: str) -> None:
    with pytest.raises(OutsideRefused, match="is not a host name or address that can be called"):
        plain_host(host)


@pytest.mark.parametrize(
    ("host", "plain"),
    [
        ("SMTP.Maple.Example.", "smtp.maple.example"),
        ("smtp_1.maple.example", "smtp_1.maple.example"),
        ("mail.écoles.example", "mail.xn--coles-9ra.example"),
        ("192.0.2.7", "192.0.2.7"),
        ("[2001:DB8::1]", "2001:db8::1"),
        ("127。0。0。1", "127.0.0.1"),  # an address after all, and refused as one when it is called
        ("3com.example", "3com.example"),
    ],
)
def test_a_plain_host_is_told_in_one_spelling(host: str, plain: str) -> None:
    assert plain_host(host) == plain


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.255.255.254",
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",
        "169.254.170.2",
        "100.64.0.1",
        "100.100.100.200",
        "192.0.0.192",
        "192.88.99.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.9",
        "192.0.2.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "168.63.129.16",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:10.0.0.1",
        "::ffff:0:127.0.0.1",
        "64:ff9b::127.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2002:a9fe:a9fe::1",
        "2002:c0a8:101::1",
        "2001::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:db8::1",
        "3fff::1",
        "100::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "5f00::1",
    ],
)
def test_an_address_inside_a_network_is_refused(address: str) -> None:
    with pytest.raises(OutsideRefused, match="inside a private network"):
        refuse_private(ipaddress.ip_address(address), "relay.example.org")


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "8.8.8.8", "2606:2800:220:1::1", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_an_address_of_the_public_internet_may_be_called(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))
