"""What a system answered, until it is read: the rows of one file of one page, packed and sealed."""

import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from app.core.attendance_systems import Told
from app.core.crypto import Sealed
from app.core.db import Base, db
from app.core.records import PERSONAL, PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned, points_at


class FetchedRows(DistrictOwned, Base):
    """They are committed together with the place after their page (RegisterImport.place)."""

    __tablename__ = "register_fetched_rows"
    __keeping__ = Keeping(
        "students", "until the sync is over, 7 days at most", exported=False, erased="delete"
    )
    __audited__ = False
    __table_args__ = owned(
        points_at("import_id", "register_imports"),
        UniqueConstraint("district_id", "import_id", "file", "number"),
        CheckConstraint("file in ('calendar','codes','enrollments','marks')", name="file"),
    )

    import_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    file: Mapped[str] = mapped_column(info=PUBLIC)
    #: The page that they came with, from 1.
    number: Mapped[int] = mapped_column(info=PUBLIC)
    #: How many they are: whoever goes on passes over pages without unpacking them.
    count: Mapped[int] = mapped_column(info=PUBLIC)
    rows_sealed: Mapped[str] = mapped_column(info=PERSONAL)
    #: Packed: what is sealed shrinks no more.
    rows = Sealed("rows_sealed")

    @classmethod
    def keep(cls, import_id: UUID, file: str, number: int, rows: Sequence[Told]) -> int:
        """Write them down; how many octets that takes."""
        written = json.dumps([dict(one) for one in rows], ensure_ascii=False, separators=(",", ":"))
        packed = b64encode(zlib.compress(written.encode())).decode()
        db.session.add(cls(import_id=import_id, file=file, number=number, count=len(rows), rows=packed))
        return len(packed)

    @classmethod
    def files(cls, import_id: UUID) -> set[str]:
        """The files of which anything came."""
        return set(db.session.scalars(select(cls.file).where(cls.import_id == import_id).distinct()))

    @classmethod
    def told(cls, import_id: UUID, file: str, after: int) -> Iterator[tuple[int, dict[str, Any]]]:
        """The rows of a file in the order in which they came, numbered from 1; those after that number."""
        asked = select(cls.number, cls.count).where(cls.import_id == import_id, cls.file == file)
        nth = 0
        # One at a time: whoever reads them commits between, and all together they may be large.
        for number, count in db.session.execute(asked.order_by(cls.number)).all():
            if nth + count > after:
                one = cls.import_id == import_id, cls.file == file, cls.number == number
                page = db.session.scalars(select(cls).where(*one)).one()
                for line, told in enumerate(_unpacked(page.rows or ""), nth + 1):
                    if line > after:
                        yield line, told
            nth += count

    @classmethod
    def forget(cls, import_id: UUID) -> None:
        """Delete what came with a reading."""
        rows = delete(cls).where(cls.import_id == import_id)
        db.session.execute(rows.execution_options(synchronize_session=False))


def _unpacked(packed: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(zlib.decompress(b64decode(packed)))
    return rows
