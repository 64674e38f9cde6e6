"""The operator's own log: what each of them did and looked at, in which district. It is only added to."""

from datetime import datetime
from typing import Self
from uuid import UUID

from sqlalchemy import Index, Select, Uuid, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core import clock
from app.core.db import Base, uuid7
from app.core.records import PUBLIC, Keeping


class OperatorEntry(Base):
    """One thing. The same stands in the district's audit log, where a district was looked at."""

    __tablename__ = "operator_entries"
    __keeping__ = Keeping("nobody", "audit", exported=False, erased="keep: ids only")
    __table_args__ = (Index(None, "at"),)

    id: Mapped[UUID] = mapped_column(Uuid(), primary_key=True, default=uuid7, info=PUBLIC)
    at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)
    #: Null: on the command line.
    operator_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    did: Mapped[str] = mapped_column(info=PUBLIC)
    district_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    visit_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    #: The door, as the code calls it; never an address, which may hold what somebody searched for.
    page: Mapped[str] = mapped_column(default="", info=PUBLIC)
    which: Mapped[UUID | None] = mapped_column(info=PUBLIC)

    @classmethod
    def write(
        cls,
        across: Session,
        operator_id: UUID | None,
        did: str,
        *,
        district_id: UUID | None = None,
        visit_id: UUID | None = None,
        page: str = "",
        which: UUID | None = None,
    ) -> None:
        """Add one."""
        across.add(
            cls(
                operator_id=operator_id,
                did=did,
                district_id=district_id,
                visit_id=visit_id,
                page=page,
                which=which,
            )
        )

    @classmethod
    def newest(cls) -> Select[Self]:
        """All of them, the newest first."""
        return select(cls).order_by(cls.at.desc(), cls.id.desc())
