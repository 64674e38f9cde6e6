"""Who can vouch for staff, and what a district is registered there as."""

from dataclasses import dataclass, field
from typing import Final

from app.core.services import GOOGLE_SIGN_IN, MICROSOFT_SIGN_IN


@dataclass(frozen=True, kw_only=True)
class Provider:
    """One of the two. Every address here is ours to say: none is ever taken from a token."""

    #: As it stands in our own addresses.
    word: str
    #: Its key in the registry of outside services.
    service: str
    name: str
    #: `{tenant}` is the district's own, as its admin typed it.
    discovery: str
    #: How its tokens may name it; the first is how we keep it.
    issuers: tuple[str, ...]
    #: The claim that stays with a person for good. Never their address.
    subject_claim: str
    has_tenants: bool = False


GOOGLE: Final = Provider(
    word="google",
    service=GOOGLE_SIGN_IN,
    name="Google",
    discovery="https://accounts.google.com/.well-known/openid-configuration",
    issuers=("https://accounts.google.com", "accounts.google.com"),
    subject_claim="sub",
)
MICROSOFT: Final = Provider(
    word="microsoft",
    service=MICROSOFT_SIGN_IN,
    name="Microsoft",
    discovery="https://login.microsoftonline.com/{tenant}/v2.0/.well-known/openid-configuration",
    issuers=("https://login.microsoftonline.com/{tenant}/v2.0",),
    subject_claim="oid",
    has_tenants=True,
)
PROVIDERS: Final = {one.word: one for one in (GOOGLE, MICROSOFT)}
BY_SERVICE: Final = {one.service: one for one in PROVIDERS.values()}


@dataclass(frozen=True, kw_only=True)
class Registration:
    """What one district is to one provider. `known_as`: changes with every change, so that caches follow."""

    provider: Provider
    known_as: str
    client_id: str
    client_secret: str = field(repr=False)
    tenant: str = ""
    #: Google: whose people may come in.
    domains: frozenset[str] = frozenset()

    @property
    def discovery(self) -> str:
        """Where the provider describes itself."""
        return self.provider.discovery.replace("{tenant}", self.tenant)

    @property
    def issuers(self) -> tuple[str, ...]:
        """How the provider may name itself to this district."""
        return tuple(one.replace("{tenant}", self.tenant) for one in self.provider.issuers)
