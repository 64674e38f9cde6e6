"""How a district writes to families: which envelope, until when letters go the same day, whether it practises."""

from datetime import date, datetime, time, timedelta
from typing import Final, Self
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.audit import AuditEntry
from app.core.db import Base, db
from app.core.directory import DistrictCard, district_by_id
from app.core.records import PERSONAL, PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, current_district_id, owned, points_at
from app.integrations.typesetting.paper import PAPER_OF, PAPERS, Paper

#: As Notify has it: late enough for a day's work, early enough for the post.
CUT_OFF: Final = time(15, 0)


class NoticeSetting(DistrictOwned, Base):
    """A district's own choice. Without a row it practises: nothing reaches a family before an admin says so."""

    __tablename__ = "notice_settings"
    __keeping__ = Keeping("nobody", "the contract", exported=True, erased="keep: no personal data")
    __table_args__ = owned(
        UniqueConstraint("district_id"), CheckConstraint("envelope in ('us-10','dl','c5')", name="envelope")
    )

    envelope: Mapped[str] = mapped_column(info=PUBLIC)
    #: On the district's clock. What is approved later goes out the next day.
    cut_off: Mapped[time] = mapped_column(default=CUT_OFF, info=PUBLIC)
    practises: Mapped[bool] = mapped_column(default=True, info=PUBLIC)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)

    @classmethod
    def of_this_district(cls) -> Self:
        """What holds: the district's row, or what holds without one."""
        found = db.session.scalar(select(cls))
        return found or cls(envelope=PAPER_OF[_card().region], cut_off=CUT_OFF, practises=True)

    @property
    def paper(self) -> Paper:
        """The sheet for that envelope."""
        return PAPERS[self.envelope]

    def last_cut_off(self, now: datetime) -> tuple[date, datetime]:
        """The cut-off that passed last: the day of its letters, and the moment."""
        here = clock.local(now, _card().zone)
        day = here.date() if here.time() >= self.cut_off else here.date() - timedelta(days=1)
        return day, datetime.combine(day, self.cut_off, clock.zone(_card().zone))


class NoticeSender(DistrictOwned, Base):
    """Whose letters they are: the return address, and the person to call. Of a school, or of the whole district."""

    __tablename__ = "notice_senders"
    __keeping__ = Keeping("staff", "the contract", exported=True, erased="keep: a name on letterheads")
    __table_args__ = owned(
        points_at("school_id", "schools"),
        UniqueConstraint("district_id", "school_id", postgresql_nulls_not_distinct=True),
        CheckConstraint("contact_name <> '' and contact_phone <> ''", name="somebody_to_call"),
    )

    school_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    #: Two or three lines: street, place.
    return_address: Mapped[str] = mapped_column(info=PUBLIC)
    contact_name: Mapped[str] = mapped_column(info=PERSONAL)
    contact_phone: Mapped[str] = mapped_column(info=PERSONAL)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)

    @classmethod
    def of(cls, school_id: UUID | None) -> Self | None:
        """The sender of exactly that school, or of the district."""
        return db.session.scalar(select(cls).where(cls.school_id == school_id))

    @classmethod
    def for_school(cls, school_id: UUID | None) -> Self | None:
        """Whose letters a school's are: its own sender's, or else the district's."""
        return (cls.of(school_id) if school_id else None) or cls.of(None)

    def stood_as_now(self, moment: datetime) -> bool:
        """True if it was there at that moment, and nobody has changed it since."""
        later = select(AuditEntry.id).where(
            AuditEntry.which == self.id, AuditEntry.did == "changed", AuditEntry.at > moment
        )
        return self.made_at <= moment and db.session.scalar(later.limit(1)) is None

    @property
    def lines(self) -> tuple[str, ...]:
        """The return address, line by line."""
        return tuple(line.strip() for line in self.return_address.splitlines() if line.strip())


def _card() -> DistrictCard:
    card = district_by_id(current_district_id())
    assert card is not None  # the wall is up, so the district is there
    return card
