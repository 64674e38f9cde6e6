"""Whom to ask in a district: the block that stands on each of its legal pages."""

from datetime import datetime
from typing import Self
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.db import Base, db
from app.core.records import PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned


class DistrictContact(DistrictOwned, Base):
    """The district's technology department, as the public reads it. A district has one."""

    __tablename__ = "district_contacts"
    __keeping__ = Keeping("nobody", "the contract", exported=True, erased="keep: no personal data")
    __table_args__ = owned(
        UniqueConstraint("district_id"),
        CheckConstraint("department <> ''", name="named"),
    )
    FOUND_BY = ("id",)

    department: Mapped[str] = mapped_column(default="Technology Department", info=PUBLIC)
    phone: Mapped[str] = mapped_column(default="", info=PUBLIC)
    email: Mapped[str] = mapped_column(default="", info=PUBLIC)
    #: As it stands on an envelope, lines and all.
    address: Mapped[str] = mapped_column(default="", info=PUBLIC)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)

    @classmethod
    def find(cls, id: UUID) -> Self | None:
        """The contact of that id in this district."""
        return db.session.get(cls, id)

    @classmethod
    def of_this_district(cls) -> Self | None:
        """The district's contact, or None while nobody has written one."""
        return db.session.scalars(select(cls)).one_or_none()

    @classmethod
    def write(cls, *, department: str, phone: str, email: str, address: str) -> Self:
        """Set the block that stands on the legal pages."""
        contact = cls.of_this_district()
        if contact is None:
            contact = cls()
            db.session.add(contact)
        contact.department, contact.phone = department, phone
        contact.email, contact.address = email, address
        return contact

    @property
    def is_complete(self) -> bool:
        """True when a parent or member of staff could call, write or come by."""
        return bool(self.department and self.phone and self.email and self.address)
