"""A way to reach a guardian, and whether they agreed to it: an address, an email, a phone number."""

from collections.abc import Callable
from datetime import datetime
from typing import Final, Self
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, false, select
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from app.core import clock
from app.core.crypto import Sealed, blind_index
from app.core.db import Base, db
from app.core.records import PRIVATE, PUBLIC, Keeping
from app.core.tenancy import OwnedThrough, owned, points_at
from app.roster.models.guardian import Guardian
from app.roster.models.reaching import PostalAddress

POST, EMAIL, MOBILE, LANDLINE = "post", "email", "mobile", "landline"
KINDS: Final = {POST: "Postal address", EMAIL: "Email", MOBILE: "Mobile phone", LANDLINE: "Landline"}

GIVEN, IMPLIED, NOT_ASKED, REFUSED = "given", "implied", "not asked", "refused"
#: The state of consent, as the office says it.
CONSENTS: Final = {
    GIVEN: "Agreed",
    IMPLIED: "Gave it to the school for this",
    NOT_ASKED: "Not asked yet",
    REFUSED: "Does not want it",
}
#: Where we know it from.
SOURCES: Final = {
    "enrollment": "Enrollment form",
    "paper": "Paper form",
    "in person": "In person",
    "phone": "On the phone",
    "email": "By email",
    "text": "By text message",
    "family page": "On the family page",
    "sync": "The student information system",
}


class Contact(OwnedThrough, Base):
    """One way. Its value is sealed; `value_index` finds the same value again within the district."""

    __tablename__ = "guardian_contacts"
    __keeping__ = Keeping(
        "guardians",
        "as long as the roster has them",
        exported=True,
        erased="delete",
    )
    __table_args__ = owned(
        points_at("guardian_id", "guardians"),
        points_at("source_id", "roster_sources"),
        UniqueConstraint("district_id", "guardian_id", "kind", "value_index"),
        CheckConstraint("kind in ('post','email','mobile','landline')", name="kind"),
        CheckConstraint("consent in ('given','implied','not asked','refused')", name="consent"),
        CheckConstraint(
            "consent = 'not asked' or (consent_source <> '' and consent_at is not null)",
            name="consent_has_source",
        ),
        CheckConstraint("consent <> 'given' or consent_wording <> ''", name="consent_has_wording"),
        Index(None, "district_id", "value_index"),
    )
    FOUND_BY = ("id",)

    guardian_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    kind: Mapped[str] = mapped_column(info=PUBLIC)
    value_sealed: Mapped[str] = mapped_column(info=PRIVATE)
    value_index: Mapped[str] = mapped_column(info=PRIVATE)
    consent: Mapped[str] = mapped_column(default=NOT_ASKED, info=PUBLIC)
    consent_source: Mapped[str] = mapped_column(default="", info=PUBLIC)
    #: Which source of the roster named it; null if the office wrote it down.
    source_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    #: When they said it, which may be before it was entered here.
    consent_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    #: Which version of our words they agreed to.
    consent_wording: Mapped[str] = mapped_column(default="", info=PUBLIC)
    #: An address that stands for a confidential one.
    is_substitute: Mapped[bool] = mapped_column(default=False, server_default=false(), info=PUBLIC)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)

    value = Sealed("value_sealed")

    guardian: Mapped[Guardian] = relationship(
        primaryjoin=lambda: foreign(Contact.guardian_id) == Guardian.id, viewonly=True
    )

    @classmethod
    def find(cls, id: UUID) -> Self | None:
        """The contact of that id in this district."""
        return db.session.get(cls, id)

    @classmethod
    def of_guardians(cls, guardian_ids: list[UUID]) -> list[Self]:
        """The ways to reach them, in the order they were entered."""
        theirs = select(cls).where(cls.guardian_id.in_(guardian_ids)).order_by(cls.made_at, cls.id)
        return list(db.session.scalars(theirs)) if guardian_ids else []

    def write(self, value: str | PostalAddress) -> None:
        """Take down a value that has been found good (reaching.py)."""
        self.value = value.as_text() if isinstance(value, PostalAddress) else value
        self.value_index = index_of(self.kind, value)

    @property
    def address(self) -> PostalAddress | None:
        """The postal address, if this is one."""
        return PostalAddress.read(self.value or "") if self.kind == POST else None

    @property
    def shown(self) -> str:
        """In one line."""
        address = self.address
        return ", ".join(address.lines()) if address else self.value or ""

    @property
    def is_wanted(self) -> bool:
        """Whether it may be used. A letter needs no consent, and may be refused; all else needs one."""
        return self.consent in ((GIVEN, IMPLIED, NOT_ASKED) if self.kind == POST else (GIVEN, IMPLIED))


def index_of(kind: str, value: str | PostalAddress, blind_index: Callable[[str], str] = blind_index) -> str:
    """The blind index of a value: the same for both kinds of phone, since a number is a number."""
    group = "phone" if kind in (MOBILE, LANDLINE) else kind
    return blind_index(f"{group} {value.folded() if isinstance(value, PostalAddress) else value}")
