"""What the district calls the columns of a file of the register: said once, and used again."""

from typing import Any, Self

from sqlalchemy import CheckConstraint, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, db
from app.core.records import PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned


class RememberedColumns(DistrictOwned, Base):
    """One file of the set."""

    __tablename__ = "register_columns"
    __keeping__ = Keeping("nobody", "the contract", exported=True, erased="keep: no personal data")
    __table_args__ = owned(
        UniqueConstraint("district_id", "file"),
        CheckConstraint("file in ('calendar','codes','enrollments','marks','students')", name="file"),
    )

    file: Mapped[str] = mapped_column(info=PUBLIC)
    #: Field → its column.
    columns: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}", info=PUBLIC)

    @classmethod
    def of(cls, file: str) -> dict[str, str]:
        """Those of a file; {} if nothing was ever said."""
        row = cls._row(file)
        return dict(row.columns) if row else {}

    @classmethod
    def put(cls, file: str, columns: dict[str, str]) -> None:
        """Remember them for the next file."""
        row = cls._row(file)
        if row is None:
            db.session.add(cls(file=file, columns=columns))
        elif row.columns != columns:
            row.columns = columns

    @classmethod
    def _row(cls, file: str) -> Self | None:
        return db.session.scalar(select(cls).where(cls.file == file))
