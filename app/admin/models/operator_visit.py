"""A visit of the operator: asked for with a reason, granted by an admin for at most an hour, or not; then over.

The operator sees nothing of a district without one, and changes nothing with one.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Self
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, select
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.actor import Role
from app.core.db import Base, db
from app.core.records import PRIVATE, PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned, points_at

LONGEST: Final = timedelta(minutes=60)
#: What nobody answered is not asked for any more.
WAITS: Final = timedelta(days=2)
#: Scope → what an admin reads, the role whose eyes it lends, and the rooms that it opens.
SCOPES: Final = {
    "desk": ("Tickets and the mail of the desk", Role.LEAD, frozenset({"helpdesk"})),
    "settings": ("Settings, staff and the audit log", Role.ADMIN, frozenset({"admin", "notices"})),
}


class OperatorVisit(DistrictOwned, Base):
    """One visit, from the asking to its end."""

    __tablename__ = "operator_visits"
    __keeping__ = Keeping("nobody", "audit", exported=True, erased="keep: no personal data")
    __table_args__ = owned(
        points_at("granted_by_id", "accounts"),
        Index(None, "district_id", "asked_at"),
        CheckConstraint("scope in ('desk','settings')", name="scope"),
        CheckConstraint("(granted_at is null) = (expires_at is null)", name="granted_until"),
        CheckConstraint("(granted_at is null) = (granted_by_id is null)", name="granted_by_somebody"),
        CheckConstraint("expires_at <= granted_at + interval '60 minutes'", name="at_most_an_hour"),
        CheckConstraint("used_at is null or granted_at is not null", name="used_when_granted"),
    )
    FOUND_BY = ("id",)

    #: Of the operator's own table, which no district reads; hence the name beside it.
    operator_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    operator_name: Mapped[str] = mapped_column(info=PUBLIC)
    scope: Mapped[str] = mapped_column(info=PUBLIC)
    reason: Mapped[str] = mapped_column(info=PRIVATE)
    asked_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)
    granted_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    granted_by_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    expires_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    #: When the first page was looked at.
    used_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    #: Refused, or ended before its time.
    ended_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)

    @classmethod
    def find(cls, id: UUID) -> Self | None:
        """The one of that id in this district."""
        return db.session.get(cls, id)

    @classmethod
    def latest(cls) -> Sequence[Self]:
        """Those of this district, the newest first."""
        return db.session.scalars(select(cls).order_by(cls.asked_at.desc(), cls.id).limit(50)).all()

    @classmethod
    def going_on(cls, operator_id: UUID | None = None) -> Self | None:
        """The one that holds at this very moment, of that operator or of any; of several, the last to end."""
        on = select(cls).where(cls.expires_at > clock.now(), cls.ended_at.is_(None))
        if operator_id is not None:
            on = on.where(cls.operator_id == operator_id)
        return db.session.scalar(on.order_by(cls.expires_at.desc()).limit(1))

    @property
    def state(self) -> str:
        """asked, on, over, refused, or lapsed: asked for, and answered by nobody."""
        if self.granted_at is None:
            if self.ended_at is not None:
                return "refused"
            return "asked" if self.asked_at > clock.now() - WAITS else "lapsed"
        return "on" if self.is_on else "over"

    @property
    def is_on(self) -> bool:
        """True until its last second, unless somebody ended it."""
        return self.expires_at is not None and self.expires_at > clock.now() and self.ended_at is None

    @property
    def sees(self) -> str:
        """What it opens, in words."""
        return SCOPES[self.scope][0]

    @property
    def role(self) -> Role:
        """Whose eyes it lends."""
        return SCOPES[self.scope][1]

    @property
    def rooms(self) -> frozenset[str]:
        """The rooms whose doors it opens."""
        return SCOPES[self.scope][2]
