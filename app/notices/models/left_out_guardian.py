"""Who was left out when a family was told, and why: as it was decided at that moment, and never written anew."""

from collections.abc import Iterable
from datetime import datetime
from typing import Self
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.db import Base, db, uuid7
from app.core.records import PRIVATE, PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, current_district_id, owned, points_at
from app.roster.models.recipients import LeftOut


class LeftOutGuardian(DistrictOwned, Base):
    """A guardian to whom no notice went, for what it would have rested on. Another reason later is another row."""

    __tablename__ = "left_out_guardians"
    __keeping__ = Keeping("guardians", "as long as the roster has them", exported=True, erased="delete")
    # A notice tells of itself; this is why there is none.
    __audited__ = False
    __table_args__ = owned(
        points_at("guardian_id", "guardians"),
        UniqueConstraint("district_id", "grounds_kind", "grounds_id", "duty", "guardian_id", "why"),
        CheckConstraint("why <> ''", name="says_why"),
        Index(None, "district_id", "guardian_id"),
    )

    grounds_kind: Mapped[str] = mapped_column(info=PUBLIC)
    grounds_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    duty: Mapped[str] = mapped_column(info=PUBLIC)
    guardian_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    #: The sentence of the roster, with the names as they were.
    why: Mapped[str] = mapped_column(info=PRIVATE)
    at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)

    @classmethod
    def write_down(cls, kind: str, id: UUID, duty: str, left_out: Iterable[LeftOut]) -> None:
        """What was decided now. Told the same again, nothing is added."""
        rows = [
            {
                "id": uuid7(),
                "district_id": current_district_id(),
                "grounds_kind": kind,
                "grounds_id": id,
                "duty": duty,
                "guardian_id": one.guardian_id,
                "why": one.why,
                "at": clock.now(),
            }
            for one in left_out
        ]
        if rows:
            db.session.execute(insert(cls).on_conflict_do_nothing(), rows)

    @classmethod
    def of(cls, kind: str, ids: Iterable[UUID]) -> list[Self]:
        """For what rests on these, in the order in which it was decided."""
        asked = select(cls).where(cls.grounds_kind == kind, cls.grounds_id.in_(list(ids)))
        return list(db.session.scalars(asked.order_by(cls.at, cls.id)))
