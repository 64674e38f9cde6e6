"""A firing that a dry run found would be new, earlier, or no more."""

from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.records import PERSONAL, PUBLIC, Keeping
from app.core.tenancy import OwnedThrough, owned, points_at

FIRES: Final = "fires"
EARLIER: Final = "earlier"
FIRES_NO_MORE: Final = "fires_no_more"


class DryRunLine(OwnedThrough, Base):
    """One of them, for whoever may see the student."""

    __tablename__ = "dry_run_lines"
    __keeping__ = Keeping("students", "until the next", exported=False, erased="delete")
    __audited__ = False
    __table_args__ = owned(
        ForeignKeyConstraint(
            ["district_id", "dry_run_id"], ["dry_runs.district_id", "dry_runs.id"], ondelete="CASCADE"
        ),
        points_at("student_id", "students"),
        CheckConstraint("outcome in ('fires','earlier','fires_no_more')", name="outcome"),
        Index(None, "district_id", "dry_run_id"),
        Index(None, "district_id", "student_id"),
    )

    dry_run_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    student_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    rule_id: Mapped[str] = mapped_column(info=PUBLIC)
    outcome: Mapped[str] = mapped_column(info=PUBLIC)
    #: The day on which it would fire; of one that would be no more, did.
    trigger: Mapped[date] = mapped_column(info=PERSONAL)
