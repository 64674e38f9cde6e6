"""A link by which one guardian opens the page about one student, until it expires or is withdrawn.

Its secret is made from the row by our key, so the database alone opens nothing, and the mail room finds the same
address again when it writes a notice a second time; the row keeps its hash.
"""

from datetime import datetime
from typing import Final, Self
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, select
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from app.core import clock
from app.core.crypto import mac, token_hash
from app.core.db import Base, db
from app.core.directory import district_by_id
from app.core.records import PRIVATE, PUBLIC, Keeping
from app.core.settings import get_settings
from app.core.tenancy import DistrictOwned, owned, points_at
from app.roster.models.guardian import Guardian
from app.roster.models.student import Student

SECRET_BITS: Final = 160
#: Where family links stand, outside every district's slug.
PLACE: Final = "f"
#: After a link: where one click in a mail program ends mail to that address.
UNSUBSCRIBE: Final = "unsubscribe"


class FamilyLink(DistrictOwned, Base):
    """Of one guardian and one student. What it is about is named by the room that asked for it: a kind and an id."""

    __tablename__ = "family_links"
    __keeping__ = Keeping(
        "students and guardians", "as long as the roster has them", exported=True, erased="delete"
    )
    __table_args__ = owned(
        points_at("student_id", "students"),
        points_at("guardian_id", "guardians"),
        UniqueConstraint("district_id", "token_hash"),
        CheckConstraint("about_kind <> '' or about_id is null", name="about_something"),
        CheckConstraint("expires_at > made_at", name="expires_after"),
        Index(None, "district_id", "student_id", "guardian_id"),
        Index(None, "district_id", "guardian_id"),
    )
    FOUND_BY = ("id",)

    student_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    guardian_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    about_kind: Mapped[str] = mapped_column(default="", server_default="", info=PUBLIC)
    about_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    #: The index of the address or number that it was sent to, where one was.
    way_index: Mapped[str | None] = mapped_column(info=PRIVATE)
    token_hash: Mapped[str] = mapped_column(info=PRIVATE)
    #: The account; None where the house made it for a notice.
    made_by_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)
    expires_at: Mapped[datetime] = mapped_column(info=PUBLIC)
    #: When it was opened first, by the family or by a program that looks at links in mail: it proves no reading.
    opened_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    withdrawn_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)

    student: Mapped[Student] = relationship(
        primaryjoin=lambda: foreign(FamilyLink.student_id) == Student.id, viewonly=True
    )
    guardian: Mapped[Guardian] = relationship(
        primaryjoin=lambda: foreign(FamilyLink.guardian_id) == Guardian.id, viewonly=True
    )

    @classmethod
    def find(cls, id: UUID) -> Self | None:
        """The link of that id in this district."""
        return db.session.get(cls, id)

    @classmethod
    def with_token(cls, token: str) -> Self | None:
        """The link of that token, whether it still works or not."""
        return db.session.scalar(select(cls).where(cls.token_hash == token_hash(token)))

    @classmethod
    def locked(cls, id: UUID) -> Self:
        """The same, held until the transaction ends: what is sent twice at once arrives one after the other."""
        return db.session.execute(select(cls).where(cls.id == id).with_for_update(of=cls)).scalar_one()

    @classmethod
    def working_about(cls, student_id: UUID, guardian_id: UUID, kind: str, about_id: UUID) -> Self | None:
        """The newest about that very thing that has neither expired nor been withdrawn."""
        same = select(cls).where(
            cls.student_id == student_id,
            cls.guardian_id == guardian_id,
            cls.about_kind == kind,
            cls.about_id == about_id,
            cls.withdrawn_at.is_(None),
            cls.expires_at > clock.now(),
        )
        return db.session.scalar(same.order_by(cls.made_at.desc(), cls.id.desc()).limit(1))

    @classmethod
    def of_student(cls, student_id: UUID) -> list[Self]:
        """The last fifty of a student, the newest first."""
        theirs = select(cls).where(cls.student_id == student_id)
        return list(db.session.scalars(theirs.order_by(cls.made_at.desc(), cls.id.desc()).limit(50)))

    @property
    def token(self) -> str:
        """The secret in the address: 32 letters and digits that can be read out on the phone."""
        return mac("family link", self.id, bits=SECRET_BITS)

    @property
    def address(self) -> str:
        """The whole link. Its host is the one of the settings, whatever a request called itself."""
        card = district_by_id(self.district_id)
        assert card is not None
        return f"{get_settings().base_url.rstrip('/')}/{PLACE}/{card.slug}/{self.token}"

    @property
    def has_expired(self) -> bool:
        """True from its last moment on."""
        return self.expires_at <= clock.now()

    @property
    def state(self) -> str:
        """In the office's words."""
        if self.withdrawn_at is not None:
            return "Withdrawn"
        return "Expired" if self.has_expired else "Works"
