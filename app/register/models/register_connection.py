"""A system that is asked for attendance: what an admin filled in, when it is asked, and how it went lately."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final, Self
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.asked_source import AskedSource, has_struck
from app.core.db import Base, db
from app.core.records import PUBLIC, Keeping
from app.core.tenancy import owned

ED_FI: Final = "ed_fi"
AERIES: Final = "aeries"
CLEVER: Final = "clever"
WONDE: Final = "wonde"
POWERSCHOOL: Final = "powerschool"
FILE: Final = "attendance_file"
SFTP: Final = "attendance_sftp"
#: As people call them.
NAMES: Final = {
    ED_FI: "Ed-Fi",
    AERIES: "Aeries",
    CLEVER: "Clever",
    WONDE: "Wonde",
    POWERSCHOOL: "PowerSchool",
    FILE: "Attendance file by HTTPS",
    SFTP: "Attendance files on an SFTP server",
}
#: However little changed: so often everything since the school year began is read again.
WHOLE_AGAIN: Final = timedelta(days=6, hours=12)
#: Days that a night reads again where the system does not tell what changed: late corrections are in them.
LOOKS_BACK: Final = timedelta(days=30)


class RegisterConnection(AskedSource, Base):
    """One a kind of system. Whether it may be called says the switch of its outside service."""

    __tablename__ = "register_connections"
    __keeping__ = Keeping("nobody", "the contract", exported=False, erased="keep: no personal data")
    __table_args__ = owned(
        UniqueConstraint("district_id", "kind"),
        CheckConstraint("kind ~ '^[a-z_]+$'", name="kind"),
        CheckConstraint("hour between 0 and 23", name="hour"),
        CheckConstraint("expected_hour between 0 and 23", name="expected_hour"),
        CheckConstraint("late_after between 1 and 10", name="late_after"),
    )

    kind: Mapped[str] = mapped_column(info=PUBLIC)
    #: By the names of the form's fields, and never a secret.
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}", info=PUBLIC)
    #: By this hour the register of each school is to be in; None: nobody is told.
    expected_hour: Mapped[int | None] = mapped_column(info=PUBLIC)
    #: So many school days without a mark, and a school's register is late.
    late_after: Mapped[int] = mapped_column(default=2, server_default="2", info=PUBLIC)
    #: When everything since the school year began was read last, and applied.
    whole_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)
    #: When admins were last told of schools that are late.
    warned_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)

    @classmethod
    def of_kind(cls, kind: str) -> Self | None:
        """This district's connection of that kind, if an admin has set one up."""
        return db.session.scalar(select(cls).where(cls.kind == kind))

    @classmethod
    def find(cls, id: UUID) -> Self | None:
        """The connection of that id in this district."""
        return db.session.get(cls, id)

    @classmethod
    def all(cls) -> Sequence[Self]:
        """All of this district."""
        return db.session.scalars(select(cls).order_by(cls.id)).all()

    @property
    def name(self) -> str:
        """As people call the system."""
        return NAMES[self.kind]

    def is_to_warn(self, zone_name: str) -> bool:
        """True if the registers should be in by now, and nobody was told today which are not."""
        return self.expected_hour is not None and has_struck(self.expected_hour, self.warned_at, zone_name)

    def is_whole_due(self, now: datetime) -> bool:
        """True if everything is to be read again, and not what changed alone."""
        return self.whole_at is None or now - self.whole_at >= WHOLE_AGAIN

    @property
    def secret_of(self) -> str:
        """The system that is asked."""
        return f"{self.name} (attendance)"

    @property
    def without_it(self) -> str:
        """As Expiring has it."""
        return "Attendance is not read any more."

    def warned(self) -> None:
        """Admins know today which schools are late, or none is."""
        self._note(warned_at=clock.now())

    def was_applied(self, bookmark: str, *, whole: bool) -> None:
        """What it answered stands in the register: from there on changes are asked for."""
        self._note(bookmark=bookmark, **({"whole_at": clock.now()} if whole else {}))

    def reads_whole_next(self) -> None:
        """Another address or another reading of it: what the last one ended with says nothing any more."""
        self._note(bookmark="", whole_at=None)


def looks_back(first: date, last: date) -> date:
    """The first day that a night reads again, within the school year."""
    return max(first, last - LOOKS_BACK)
