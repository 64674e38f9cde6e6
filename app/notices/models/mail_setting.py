"""How a district's mail leaves. Without a row the desk's own inbound address and the deployment's way hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import CheckConstraint, UniqueConstraint, Uuid, bindparam, event, select, text
from sqlalchemy.orm import Mapped, Session, SessionTransaction, mapped_column

from app.core import clock
from app.core.crypto import Sealed
from app.core.db import Base, db
from app.core.directory import DistrictCard, InboundAddress, district_by_id
from app.core.records import PRIVATE, PUBLIC, Keeping
from app.core.services import GOOGLE_MAIL, MAILGUN, MICROSOFT_MAIL
from app.core.settings import get_settings
from app.core.tenancy import DistrictOwned, current_district_id, owned

GRAPH, GMAIL, BY_MAILGUN = "graph", "gmail", "mailgun"
#: The ways that speak to a vendor, and the outside service that each of them is.
VENDORS: Final = {GRAPH: MICROSOFT_MAIL, GMAIL: GOOGLE_MAIL, BY_MAILGUN: MAILGUN}
#: Where mail that cannot be delivered comes back to, at the domain of the desk.
BOUNCE: Final = "bounce"


class MailSetting(DistrictOwned, Base):
    """A district's own choice of desk address and mail server."""

    __tablename__ = "mail_settings"
    __keeping__ = Keeping("nobody", "the contract", exported=True, erased="keep: no personal data")
    __table_args__ = owned(
        UniqueConstraint("district_id"),
        CheckConstraint("driver in ('maildir','relay','smtp','graph','gmail','mailgun')", name="driver"),
        CheckConstraint("security in ('starttls','tls','none')", name="security"),
        CheckConstraint("port between 1 and 65535", name="port"),
        CheckConstraint("desk_address = lower(desk_address)", name="desk_address_is_lower"),
    )

    #: maildir: a folder of this machine; relay: the operator's server; smtp: the district's own; else a vendor's API.
    driver: Mapped[str] = mapped_column(default="relay", info=PUBLIC)
    host: Mapped[str] = mapped_column(default="", info=PUBLIC)
    port: Mapped[int] = mapped_column(default=587, info=PUBLIC)
    security: Mapped[str] = mapped_column(default="starttls", info=PUBLIC)
    username: Mapped[str] = mapped_column(default="", info=PRIVATE)
    password_sealed: Mapped[str | None] = mapped_column(info=PRIVATE)
    password = Sealed("password_sealed")
    #: How a vendor knows us, as its way names it: {"tenant": …, "client_id": …}. The secret lies below.
    particulars: Mapped[dict[str, Any]] = mapped_column(
        default=dict, server_default=text("'{}'"), info=PRIVATE
    )
    secret_sealed: Mapped[str | None] = mapped_column(info=PRIVATE)
    secret = Sealed("secret_sealed")
    #: With it a vendor signs what it tells us. It is sent nowhere.
    signing_key_sealed: Mapped[str | None] = mapped_column(info=PRIVATE)
    signing_key = Sealed("signing_key_sealed")
    #: Empty: the first address at which the desk receives mail.
    desk_address: Mapped[str] = mapped_column(default="", info=PUBLIC)
    #: Empty: the district's name and "Help Desk".
    desk_name: Mapped[str] = mapped_column(default="", info=PUBLIC)
    #: The name by which the district's own mail server signs its Authentication-Results (RFC 8601).
    authserv_id: Mapped[str | None] = mapped_column(info=PUBLIC)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)

    @classmethod
    def of_this_district(cls) -> "MailSetting | None":
        """The district's row, if it has chosen."""
        return db.session.scalar(_ITS_ROW)


_ITS_ROW: Final = select(MailSetting)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What the paper says. An empty password leaves the one that is kept."""

    driver: str
    desk_address: str
    desk_name: str
    host: str = ""
    port: int = 587
    security: str = "starttls"
    username: str = ""
    password: str = field(default="", repr=False)
    authserv_id: str = ""
    #: For a vendor's API: how it knows us, and the secret.
    particulars: Mapping[str, str] = field(default_factory=dict)
    secret: str = field(default="", repr=False)
    signing_key: str = field(default="", repr=False)


@dataclass(frozen=True)
class Desk:
    """Who writes: what holds for this district now. `address` is empty while nobody has given one."""

    name: str
    address: str
    driver: str
    authserv_id: str | None
    district: DistrictCard
    #: Where it receives mail, and what it writes as: mail from there is its own.
    own_addresses: frozenset[str] = frozenset()

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]

    @property
    def signature(self) -> str:
        """Whose desk it is, said once."""
        district = self.district.name
        return self.name if district in self.name else f"{self.name}, {district}"


def desk() -> Desk:
    """The desk of the current district, read once a transaction."""
    session = db.session()
    known = session.info.get("desk")
    if known is None:
        known = session.info["desk"] = _desk()
    assert isinstance(known, Desk)
    return known


# Another transaction may see another desk, and so may this one once it has written.
@event.listens_for(Session, "after_transaction_end")
def _forget_the_desk(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        session.info.pop("desk", None)


@event.listens_for(Session, "after_flush")
def _forget_a_changed_desk(session: Session, _: object) -> None:
    if any(isinstance(row, MailSetting) for row in (*session.new, *session.dirty, *session.deleted)):
        session.info.pop("desk", None)


def _desk() -> Desk:
    card = district_by_id(current_district_id())
    assert card is not None  # the wall is up, so the district is there
    chosen = MailSetting.of_this_district()
    inbound = _inbound_addresses()
    address = (chosen.desk_address if chosen else "") or _first(inbound)
    return Desk(
        name=(chosen.desk_name if chosen else "") or f"{card.name} Help Desk",
        address=address,
        own_addresses=frozenset(filter(None, (address, *inbound))),
        driver=chosen.driver if chosen else "maildir" if get_settings().demo else "relay",
        authserv_id=chosen.authserv_id if chosen else None,
        district=card,
    )


def bounces_of(address: str) -> str:
    """Where mail that this desk wrote comes back to when it cannot be delivered."""
    return f"{BOUNCE}@{address.rpartition('@')[2]}"


def _inbound_addresses() -> Sequence[str]:
    return db.session.scalars(_INBOUND, {"district": current_district_id()}).all()


_INBOUND: Final = (
    select(InboundAddress.address)
    .where(InboundAddress.district_id == bindparam("district", type_=Uuid()))
    .order_by(InboundAddress.address)
)


def _first(addresses: Sequence[str]) -> str:
    return next((address for address in addresses if not address.startswith(f"{BOUNCE}@")), "")
