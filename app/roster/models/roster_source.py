"""A source of the roster: a system that tells us of schools and staff, by files or because we ask it."""

from datetime import datetime
from typing import Any, Final, Self

from sqlalchemy import CheckConstraint, Select, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.db import Base, db
from app.core.records import PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned

ONEROSTER_CSV: Final = "oneroster_csv"
ONEROSTER_REST: Final = "oneroster_rest"
GOOGLE_DIRECTORY: Final = "google_directory"
ENTRA_USERS: Final = "entra_users"
WONDE: Final = "wonde"
GROUPCALL: Final = "groupcall"
SPREADSHEET: Final = "spreadsheet"
FAMILY_SPREADSHEET: Final = "family_spreadsheet"
#: Those whose word comes as a file.
UPLOADED: Final = (ONEROSTER_CSV, SPREADSHEET, FAMILY_SPREADSHEET)
#: Every kind there is. Those that we ask ourselves have a connector (roster/actions/connectors.py).
NAMES: Final = {
    ONEROSTER_CSV: "OneRoster file",
    ONEROSTER_REST: "OneRoster",
    GOOGLE_DIRECTORY: "Google Directory",
    ENTRA_USERS: "Microsoft Entra users",
    WONDE: "Wonde",
    GROUPCALL: "Groupcall Xporter",
    SPREADSHEET: "CSV file of staff",
    FAMILY_SPREADSHEET: "CSV file of students",
}


class RosterSource(DistrictOwned, Base):
    """One of each kind a district, made at its first import."""

    __tablename__ = "roster_sources"
    __keeping__ = Keeping("nobody", "the contract", exported=True, erased="keep: no personal data")
    __table_args__ = owned(
        UniqueConstraint("district_id", "kind"), CheckConstraint("kind ~ '^[a-z_]+$'", name="kind")
    )

    kind: Mapped[str] = mapped_column(info=PUBLIC)
    #: True if students and families are taken in, too. Off until an admin says so.
    takes_families: Mapped[bool] = mapped_column(default=False, server_default="false", info=PUBLIC)
    #: The same of classes and who is in them.
    takes_classes: Mapped[bool] = mapped_column(default=False, server_default="false", info=PUBLIC)
    #: Of a CSV file, as it was last read: what → the column that it stands in.
    columns: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}", info=PUBLIC)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)

    @classmethod
    def all(cls) -> Select[Self]:
        """This district's sources, as they were set up."""
        return select(cls).order_by(cls.id)

    @classmethod
    def of_kind(cls, kind: str) -> Self:
        """This district's source of that kind, made if there is none yet."""
        found = db.session.scalar(select(cls).where(cls.kind == kind))
        if found is None:
            found = cls(kind=kind)
            db.session.add(found)
            db.session.flush()
        return found

    @classmethod
    def files_take_families(cls) -> bool:
        """Whether students and families are taken in from files: said once, of every kind of file that has them."""
        asked = select(cls.id).where(cls.kind == ONEROSTER_CSV, cls.takes_families)
        return db.session.scalar(asked) is not None

    @property
    def is_uploaded(self) -> bool:
        """True if its word comes as a file."""
        return self.kind in UPLOADED

    @property
    def name(self) -> str:
        """As people call it."""
        return NAMES[self.kind]
