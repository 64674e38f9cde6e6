"""The short list of unowned tables: what must be read before a district is known. No personal data here."""

import time
from dataclasses import dataclass, field
from datetime import datetime
from math import inf
from typing import Any, Final
from uuid import UUID

from flask import current_app
from sqlalchemy import BindParameter, CheckConstraint, ForeignKey, Select, Uuid, bindparam, false, select
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.actor import Actor, Role
from app.core.db import Base, db, uuid7
from app.core.records import PRIVATE, PUBLIC, Keeping

PREPARING = "preparing"
STATES = (PREPARING, "open", "read-only", "closing", "gone")
REGIONS = ("us", "ca", "uk")
#: Of whom a second factor is asked: of nobody, of admins and those who work at the desk, of everybody.
FACTOR_FOR = ("nobody", "desk", "everybody")

#: Tables without a district. A house test holds this list against the metadata.
UNOWNED = frozenset(
    {"districts", "district_domains", "inbound_addresses", "timetable", "readings", "heartbeats", "alarms"}
    # The operator's own, which role `app` cannot read.
    | {"operators", "operator_sessions", "operator_entries"}
)

#: How long a district's card may be out of date, in seconds.
FRESH_FOR = 5.0


class District(Base):
    """A tenant: a school district, or a school group in the UK. Its slug never changes."""

    __tablename__ = "districts"
    __keeping__ = Keeping("nobody", "the contract", exported=True, erased="keep: no personal data")
    __table_args__ = (
        CheckConstraint("slug ~ '^[a-z][a-z0-9-]{1,38}$'", name="slug"),
        CheckConstraint("state in ('preparing','open','read-only','closing','gone')", name="state"),
        CheckConstraint("region in ('us','ca','uk')", name="region"),
        CheckConstraint("factor_for in ('nobody','desk','everybody')", name="factor_for"),
    )

    id: Mapped[UUID] = mapped_column(Uuid(), primary_key=True, default=uuid7, info=PUBLIC)
    slug: Mapped[str] = mapped_column(unique=True, info=PUBLIC)
    name: Mapped[str] = mapped_column(info=PUBLIC)
    state: Mapped[str] = mapped_column(default="preparing", info=PUBLIC)
    region: Mapped[str] = mapped_column(default="us", info=PUBLIC)
    zone: Mapped[str] = mapped_column(default="America/Chicago", info=PUBLIC)
    factor_for: Mapped[str] = mapped_column(default="nobody", server_default="nobody", info=PUBLIC)
    #: Staff come in by Google or Microsoft alone: passwords, links and passkeys instead of them open nothing.
    provider_only: Mapped[bool] = mapped_column(default=False, server_default=false(), info=PUBLIC)
    #: The district's data key, wrapped by a master key: deleting it makes all sealed data unreadable.
    data_key: Mapped[str | None] = mapped_column(info=PRIVATE)
    #: The keys that its columns are sealed under, newest first, each wrapped by the data key; crypto.py reads it.
    #: Empty until the first rotation: then the data key's own is in use.
    seal_keys: Mapped[str] = mapped_column(default="", server_default="", info=PRIVATE)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)

    @property
    def zone_name(self) -> str:
        """The IANA zone that its schools share unless they say otherwise."""
        return self.zone


class DistrictDomain(Base):
    """A mail domain that a district has shown to be its own."""

    __tablename__ = "district_domains"
    __keeping__ = Keeping("nobody", "the contract", exported=True, erased="keep: no personal data")

    domain: Mapped[str] = mapped_column(primary_key=True, info=PUBLIC)
    district_id: Mapped[UUID] = mapped_column(ForeignKey("districts.id"), index=True, info=PUBLIC)


class InboundAddress(Base):
    """An address at which a district's desk receives mail."""

    __tablename__ = "inbound_addresses"
    __keeping__ = Keeping("nobody", "the contract", exported=True, erased="keep: no personal data")

    address: Mapped[str] = mapped_column(primary_key=True, info=PUBLIC)
    district_id: Mapped[UUID] = mapped_column(ForeignKey("districts.id"), index=True, info=PUBLIC)


@dataclass(frozen=True)
class DistrictCard:
    """What may be known of a district before its wall is up."""

    id: UUID
    slug: str
    name: str
    state: str
    region: str
    zone: str
    data_key: str | None
    factor_for: str = "nobody"
    provider_only: bool = False
    seal_keys: str = field(default="", repr=False)

    def asks_a_factor_of(self, who: Actor) -> bool:
        """True for whoever must have a second factor here."""
        if self.factor_for == "desk":
            return who.has(Role.ADMIN) or who.has(Role.TECHNICIAN)
        return self.factor_for == "everybody"

    @property
    def zone_name(self) -> str:
        """The IANA zone that its schools share unless they say otherwise."""
        return self.zone

    @property
    def has_opened(self) -> bool:
        """False while it is prepared: mail is kept for a person, and nothing is written by itself."""
        return self.state != PREPARING

    def __repr__(self) -> str:
        return f"DistrictCard({self.slug})"


def district_by_slug(slug: str) -> DistrictCard | None:
    """The district that a path names."""
    return _look_up("slug", slug, _BY_SLUG)


def district_by_id(district_id: UUID) -> DistrictCard | None:
    """The district of an id."""
    return _look_up("id", district_id, _BY_ID)


def district_by_domain(domain: str) -> DistrictCard | None:
    """The district that a mail domain belongs to."""
    domain = domain.strip().rstrip(".").lower()
    return _look_up("domain", domain, _BY_DOMAIN)


def domains_of(district_id: UUID) -> frozenset[str]:
    """The mail domains that a district has shown to be its own."""
    own = select(DistrictDomain.domain).where(DistrictDomain.district_id == district_id)
    return frozenset(db.session.scalars(own))


def district_by_inbound_address(address: str) -> DistrictCard | None:
    """The district whose desk that address is. A plus-address (`help+token@…`) belongs to its plain one."""
    return _look_up("inbound", _plain(address), _BY_INBOUND_ADDRESS)


def lately_found_at(address: str) -> DistrictCard | None:
    """The same, of what is remembered alone: at once, and None of what would have to be looked up."""
    read_at, card = _known().get(("inbound", _plain(address)), NEVER_READ)
    return card if time.monotonic() - read_at < FRESH_FOR else None


def _plain(address: str) -> str:
    local, _, domain = address.strip().lower().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def is_still_preparing(district_id: UUID) -> bool:
    """True if that district has not opened; then it does not before this transaction has ended."""
    # With FOR SHARE whoever opens it waits for us, or we for them.
    return db.session.scalar(_STATE, {"district": district_id}) == PREPARING


def is_provider_only(district_id: UUID) -> bool:
    """True if that district's staff come in by their provider alone; then it stays so until this transaction ends."""
    return bool(db.session.scalar(_PROVIDER_ONLY, {"district": district_id}))


def forget_directory() -> None:
    """Read the directory anew at the next question, in this process."""
    current_app.extensions.pop("directory", None)


_CARD: Final = select(
    District.id,
    District.slug,
    District.name,
    District.state,
    District.region,
    District.zone,
    District.data_key,
    District.factor_for,
    District.provider_only,
    District.seal_keys,
)
_STATE = (
    select(District.state)
    .where(District.id == bindparam("district", type_=Uuid()))
    .with_for_update(read=True)
)
_PROVIDER_ONLY = (
    select(District.provider_only)
    .where(District.id == bindparam("district", type_=Uuid()))
    .with_for_update(read=True)
)
_KEY: Final[BindParameter[Any]] = bindparam("key")
_BY_SLUG: Final = _CARD.where(District.slug == _KEY)
_BY_ID: Final = _CARD.where(District.id == _KEY)
_BY_DOMAIN: Final = _CARD.join(DistrictDomain, DistrictDomain.district_id == District.id).where(
    DistrictDomain.domain == _KEY
)
_BY_INBOUND_ADDRESS: Final = _CARD.join(InboundAddress, InboundAddress.district_id == District.id).where(
    InboundAddress.address == _KEY
)


NEVER_READ: Final = (-inf, None)


def _known() -> dict[tuple[str, object], tuple[float, DistrictCard | None]]:
    known: dict[tuple[str, object], tuple[float, DistrictCard | None]]
    known = current_app.extensions.setdefault("directory", {})
    return known


def _look_up(by: str, key: object, question: Select[*tuple[Any, ...]]) -> DistrictCard | None:
    known = _known()
    read_at, card = known.get((by, key), NEVER_READ)
    if time.monotonic() - read_at < FRESH_FOR:
        return card
    # Its own connection: the session's transaction must begin when the district is known, not before.
    with db.engine.connect() as connection:
        row = connection.execute(question, {"key": key}).one_or_none()
    card = DistrictCard(*row) if row else None
    if len(known) > 4096:
        known.clear()
    if card is None or card.has_opened:  # opening day begins at once, in every process
        known[by, key] = (time.monotonic(), card)
    return card
