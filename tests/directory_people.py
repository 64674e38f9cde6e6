"""Who is in a directory that a test asks, and the keys and ids by which it is asked."""

import json
from dataclasses import dataclass
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from app.core import clock
from tests.sign_in_peer import OTHER_KEY

ROBOT: Final = "frontoffice@maple-desk.iam.gserviceaccount.com"
ROBOT_NUMBER: Final = "108123456789012345678"
ADMIN: Final = "adams@maple.example"
TENANT: Final = "0f8fad5b-d9cb-469f-a165-70867728950e"
APPLICATION: Final = "7c1e4d5a-51b1-4f1c-9a1e-2f0c2b6e8d10"
PRINCIPAL: Final = "1c2d3e4f-0000-4000-8000-00000000aaaa"
SECRET: Final = "a value that Entra shows once"
USER_SCOPE: Final = "https://www.googleapis.com/auth/admin.directory.user.readonly"
GROUP_SCOPE: Final = "https://www.googleapis.com/auth/admin.directory.group.readonly"

#: Made once: a key takes longer than a test.
_KEY: Final = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PRIVATE_PEM: Final = _KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()


def _certificate() -> str:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "frontoffice")])
    now = clock.now()
    made = (
        x509.CertificateBuilder(name, name, _KEY.public_key(), 7)
        .not_valid_before(now.replace(year=now.year - 1))
        .not_valid_after(now.replace(year=now.year + 1))
        .sign(_KEY, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


CERTIFICATE: Final = _certificate()


def key_file(**other: Any) -> str:
    """As Google's console makes it."""
    return json.dumps(
        {
            "type": "service_account",
            "project_id": "maple-desk",
            "private_key_id": "first",
            "private_key": PRIVATE_PEM,
            "client_email": ROBOT,
            "client_id": ROBOT_NUMBER,
            "token_uri": "https://oauth2.googleapis.com/token",
            **other,
        }
    )


@dataclass
class Somebody:
    """One account, in both worlds."""

    nth: int
    given: str = ""
    family: str = ""
    email: str = ""
    path: str = "/Staff/North"
    active: bool = True
    archived: bool = False
    guest: bool = False

    def __post_init__(self) -> None:
        self.given, self.family = self.given or f"Given{self.nth}", self.family or f"Family{self.nth}"
        self.email = self.email or f"n{self.nth:06}@maple.example"

    @property
    def number(self) -> str:
        return f"1{self.nth:020}"

    @property
    def guid(self) -> str:
        return f"00000000-0000-4000-8000-{self.nth:012x}"

    def at_google(self) -> dict[str, Any]:
        """With more than anybody should ask for."""
        return {
            "kind": "admin#directory#user",
            "id": self.number,
            "etag": '"whatever"',
            "primaryEmail": self.email,
            "name": {
                "givenName": self.given,
                "familyName": self.family,
                "fullName": f"{self.given} {self.family}",
            },
            "isAdmin": False,
            "suspended": not self.active,
            "archived": self.archived,
            "orgUnitPath": self.path,
            "isGuestUser": self.guest,
            "recoveryPhone": "+15550100000",
            "externalIds": [{"value": f"E{self.nth}", "type": "organization"}],
        }

    def at_microsoft(self) -> dict[str, Any]:
        return {
            "id": self.guid,
            "givenName": self.given,
            "surname": self.family,
            "displayName": f"{self.given} {self.family}",
            "mail": self.email,
            "userPrincipalName": self.email,
            "accountEnabled": self.active,
            "userType": "Guest" if self.guest else "Member",
            "mobilePhone": "+1 555 0100",
        }


CERTIFICATE_KEY: Final = (
    _KEY.public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    .decode()
)


def sign_in_key() -> str:
    """The private key of somebody else."""
    return OTHER_KEY.as_pem(private=True).decode()
