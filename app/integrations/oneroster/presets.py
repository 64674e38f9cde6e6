"""The systems that districts have, and what their OneRoster looks like. Each is a proposal: an admin's words count."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True)
class Preset:
    """One system. What stands in capitals in an address is the district's own."""

    word: str
    name: str
    #: What an admin does there first.
    there: str
    address: str = ""
    token_address: str = ""
    method: str = "oauth2"


PRESETS: Final = {
    one.word: one
    for one in (
        Preset(
            word="classlink",
            name="ClassLink",
            there="In Roster Server, make an application for this help desk and share schools and staff with it. Copy "
            "its bearer token, and put its number in the address in place of APPLICATION.",
            address="https://oneroster-proxy.classlink.io/APPLICATION/ims/oneroster/v1p1",
            method="bearer",
        ),
        Preset(
            word="classlink_direct",
            name="ClassLink, own server",
            there="In Roster Server, copy endpoint, client ID and client secret of the application.",
            address="https://SERVER.example/ims/oneroster/v1p1",
            method="oauth1_sha256",
        ),
        Preset(
            word="powerschool",
            name="PowerSchool SIS",
            there="Install and enable the OneRoster plugin. Under Data Provider Configuration copy client ID and "
            "secret, and set the maximum page size to 1000.",
            address="https://SERVER.example/ims/oneroster/v1p1",
            token_address="https://SERVER.example/oauth/access_token",  # noqa: S106 - an address
        ),
        Preset(
            word="infinite_campus",
            name="Infinite Campus",
            there="Under Learning Interoperability, add a connection with OneRoster 1.2 and OAuth 2.0. The key, the "
            "secret, both addresses and the appName stand there. Changing from 1.1 to 1.2 gives everybody a new id.",
            address="https://SERVER.example/campus/api/ims/oneroster/rostering/v1p2",
            token_address="https://SERVER.example/campus/oauth2/token?appName=APPNAME",  # noqa: S106
        ),
        Preset(
            word="skyward",
            name="Skyward",
            there="In Qmlativ, add an Integration Access of the kind OneRoster; in SMS 2.0 a Secured User with an API "
            "key. Copy key, secret and both addresses.",
            address="https://SERVER.example/API/ims/oneroster/v1p2",
            token_address="https://SERVER.example/API/oauth/token",  # noqa: S106
        ),
    )
}

#: What of an address is nobody's yet.
TO_REPLACE: Final = ("SERVER.example", "APPLICATION", "APPNAME")

METHODS: Final = {
    "oauth2": "OAuth 2: a key and a secret, exchanged for a token",
    "bearer": "A bearer token that stays",
    "oauth1_sha256": "OAuth 1, HMAC-SHA256: a key and a secret that sign",
    "oauth1_sha1": "OAuth 1, HMAC-SHA1: a key and a secret that sign",
}
