"""Records of students and guardians of whom a file tells nothing new: that they are in it is all that is written down.

One row for some thousands of them. Of half a million people of an unchanged file that is a hundred rows.
"""

from uuid import UUID

from sqlalchemy import Index, Uuid
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.records import PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned, points_at


class ImportSeen(DistrictOwned, Base):
    """Some records (source_people) that an import has seen."""

    __tablename__ = "roster_import_seen"
    __keeping__ = Keeping("nobody", "30 days after the import", exported=False, erased="keep: ids only")
    __audited__ = False
    __table_args__ = owned(points_at("import_id", "roster_imports"), Index(None, "district_id", "import_id"))

    import_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    records: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()), info=PUBLIC)
