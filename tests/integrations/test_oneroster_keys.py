"""A signature of OAuth 1, against the words of RFC 5849 §3.4 instead of a library's."""

import base64
import hashlib
import hmac
import re
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import pytest

from app.core import egress
from app.integrations.oneroster.keys import OAuth1

KEY, SECRET = "key of/maple", "s/cret +&=%é"
CLIENT = egress.Client()

AWKWARD = (
    "https://sis.maple.example/ims/oneroster/v1p1/users?limit=500&offset=0",
    "https://sis.maple.example/ims/oneroster/v1p1/users?fields=sourcedId%2Cstatus&orderBy=asc&sort=sourcedId",
    "https://SIS.maple.example:443/v1p1/users?filter=status%3D%27active%27%20AND%20a%3E%3D%271%27",
    "https://sis.maple.example:8443/v1p1/users?b=%C3%AB&a=x%2By&a=%2F",
)


@pytest.mark.parametrize("address", AWKWARD)
@pytest.mark.parametrize(("method", "digest"), [("HMAC-SHA1", hashlib.sha1), ("HMAC-SHA256", hashlib.sha256)])
def test_it_signs_as_the_standard_says(address: str, method: str, digest: object) -> None:
    told = OAuth1(KEY, SECRET, method).sign(CLIENT, address)["Authorization"]
    pairs = {name: unquote(value) for name, value in re.findall(r'(oauth_\w+)="([^"]*)"', told)}
    signature = pairs.pop("oauth_signature")

    assert pairs["oauth_consumer_key"] == KEY
    assert signature == by_hand(address, pairs, digest)


def by_hand(address: str, pairs: dict[str, str], digest: object) -> str:
    """§3.4.1.1: method, base string URI and the sorted parameters; §3.4.2: the key is both secrets with & between."""
    parts = urlsplit(address)
    host = parts.hostname if parts.port in (None, 443) else f"{parts.hostname}:{parts.port}"
    parameters = sorted(
        (_escaped(name), _escaped(value)) for name, value in [*parse_qsl(parts.query), *pairs.items()]
    )
    joined = "&".join(f"{name}={value}" for name, value in parameters)
    base = "&".join(map(_escaped, ("GET", f"{parts.scheme}://{host}{parts.path}", joined)))
    made = hmac.digest(f"{_escaped(SECRET)}&".encode(), base.encode(), digest)
    return base64.b64encode(made).decode()


def _escaped(text: str) -> str:
    return quote(text, safe="-._~")
