"""Which records of earlier schools a firing rests on, beside its marks. Few firings have any, so they stand apart."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Index, PrimaryKeyConstraint, Uuid, select
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, db
from app.core.records import PUBLIC, Keeping
from app.core.tenancy import OwnedByItsKey, points_at
from app.truancy.models.prior_record import PriorRecord


class FiringPrior(OwnedByItsKey, Base):
    """One record behind one firing, written with it (actions/recording.py); of one that was taken back, as it was."""

    __tablename__ = "firing_priors"
    __keeping__ = Keeping("students", "as long as the roster has them", exported=True, erased="delete")
    __audited__ = False
    __table_args__ = (
        PrimaryKeyConstraint("district_id", "firing_id", "record_id"),
        points_at("firing_id", "firings"),
        points_at("record_id", "prior_records"),
        Index(None, "district_id", "record_id"),
    )

    firing_id: Mapped[UUID] = mapped_column(Uuid(), info=PUBLIC)
    record_id: Mapped[UUID] = mapped_column(Uuid(), info=PUBLIC)


def records_behind(firing_id: UUID) -> Sequence[PriorRecord]:
    """In order of their last days."""
    asked = (
        select(PriorRecord)
        .join(FiringPrior, FiringPrior.record_id == PriorRecord.id)
        .where(FiringPrior.firing_id == firing_id)
        .order_by(PriorRecord.last, PriorRecord.first, PriorRecord.id)
    )
    return db.session.scalars(asked).all()
