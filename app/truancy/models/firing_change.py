"""What became of a firing after it was written down: other marks, retracted, reinstated. Both hashes stay."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, select
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, db
from app.core.records import PUBLIC, Keeping
from app.core.tenancy import OwnedThrough, points_at


class FiringChange(OwnedThrough, Base):
    """One change of one firing, found by a review (law/changes.py). A firing that was never changed has none."""

    __tablename__ = "firing_changes"
    __keeping__ = Keeping("students", "as long as the roster has them", exported=True, erased="delete")
    __audited__ = False
    __table_args__ = (
        points_at("firing_id", "firings"),
        CheckConstraint("outcome in ('upheld_new_evidence','retracted','reinstated')", name="outcome"),
        Index(None, "district_id", "firing_id"),
    )

    firing_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    outcome: Mapped[str] = mapped_column(info=PUBLIC)
    changed_at: Mapped[datetime] = mapped_column(info=PUBLIC)
    #: What it rested on before, and what it rests on since; the same for a retraction.
    sha256_before: Mapped[str] = mapped_column(info=PUBLIC)
    sha256_after: Mapped[str] = mapped_column(info=PUBLIC)

    @classmethod
    def of_firing(cls, firing_id: UUID) -> Sequence[Self]:
        """In the order in which they happened."""
        return db.session.scalars(select(cls).where(cls.firing_id == firing_id).order_by(cls.id)).all()
