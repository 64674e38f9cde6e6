"""What a proposed rule would do to the register as it is in, or an import to what fired. The row is the progress."""

from datetime import date, datetime
from typing import Final, Self
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.db import Base, db
from app.core.records import PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned, points_at

WORKING: Final = "working"
DONE: Final = "done"
#: An import that changes the register of more students than can be looked at beforehand.
TOO_MANY: Final = "too_many"


class DryRun(DistrictOwned, Base):
    """One for each proposal, and for each import that waits; begun anew, it takes the place of the one before."""

    __tablename__ = "dry_runs"
    __keeping__ = Keeping("nobody", "the contract", exported=True, erased="keep: holds counts only")
    # Its progress would be an entry a batch.
    __audited__ = False
    __table_args__ = owned(
        points_at("activation_id", "rule_activations"),
        # It goes with the import.
        ForeignKeyConstraint(
            ["district_id", "import_id"],
            ["register_imports.district_id", "register_imports.id"],
            ondelete="CASCADE",
        ),
        UniqueConstraint("district_id", "activation_id"),
        UniqueConstraint("district_id", "import_id"),
        CheckConstraint("num_nonnulls(activation_id, import_id) = 1", name="of_one_thing"),
        CheckConstraint("state in ('working','done','too_many')", name="state"),
        CheckConstraint("(state = 'working') = (ended_at is null)", name="ended"),
    )

    activation_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    import_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    state: Mapped[str] = mapped_column(default=WORKING, info=PUBLIC)
    #: The day of looking, and the first day on which it is taken to have been in use.
    seen_on: Mapped[date] = mapped_column(info=PUBLIC)
    since: Mapped[date] = mapped_column(info=PUBLIC)
    #: Up to which student it has come, and how many that are.
    place: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    students: Mapped[int] = mapped_column(default=0, info=PUBLIC)
    #: Firings that would be new, would come earlier, would be no more.
    fires: Mapped[int] = mapped_column(default=0, info=PUBLIC)
    earlier: Mapped[int] = mapped_column(default=0, info=PUBLIC)
    fires_no_more: Mapped[int] = mapped_column(default=0, info=PUBLIC)
    began_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)
    ended_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)

    @classmethod
    def of(cls, activation_id: UUID) -> Self | None:
        """That of a proposal."""
        return db.session.scalar(select(cls).where(cls.activation_id == activation_id))

    @classmethod
    def of_import(cls, import_id: UUID) -> Self | None:
        """That of an import."""
        return db.session.scalar(select(cls).where(cls.import_id == import_id))

    @classmethod
    def locked(cls, id: UUID) -> Self | None:
        """The one of that id, held until the transaction ends: whoever goes on with it goes on alone."""
        found = select(cls).where(cls.id == id).with_for_update()
        return db.session.scalar(found.execution_options(populate_existing=True))

    @classmethod
    def is_over_for(cls, activation_id: UUID) -> bool:
        """True once it has looked at everybody."""
        run = cls.of(activation_id)
        return run is not None and run.state == DONE
