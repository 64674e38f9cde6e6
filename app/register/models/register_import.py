"""One import of the register: a file or a reading of a system, what was found in it, and how far it has come.

The row is the progress.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final, Self
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Select, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from app.core import clock
from app.core.db import Base, db
from app.core.quotas import HoldsAFile
from app.core.records import NAMES_A_FILE, PRIVATE, PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned, points_at
from app.register.models.register_connection import RegisterConnection

#: A worker is at it, or will be.
WORKING: Final = ("fetching", "reading", "comparing", "applying")
#: Somebody has to say something first.
WAITING: Final = ("columns", "ready")
OVER: Final = ("done", "cancelled", "failed")
#: Octets. A year of half a million students is some four hundred megabytes of CSV, and a tenth of that as a zip.
LARGEST_FILE: Final = 100 * 1024 * 1024
#: A preview that nobody answers is given up, and its file with it.
FILE_IS_KEPT: Final = timedelta(days=7)
ROWS_ARE_KEPT: Final = timedelta(days=30)
WINDOW, DELTA = "window", "delta"
MODES: Final = {
    WINDOW: "Everything of these schools for the days below: a mark that is not in it is gone",
    DELTA: "Changes: each row says upsert or delete, and all else stays",
}
#: Sentences of a log.
MOST_NOTES: Final = 200


class RegisterImport(HoldsAFile, DistrictOwned, Base):
    """It goes columns → reading → comparing → ready (somebody looks) → applying → done.

    One of a system that is asked goes fetching → reading → … What asks nothing may be applied without anybody's yes.
    """

    __tablename__ = "register_imports"
    __keeping__ = Keeping(
        "nobody", "30 days after the import", exported=False, erased="keep: holds counts only"
    )
    __audited__ = False
    __table_args__ = owned(
        CheckConstraint(
            "state in ('columns','fetching','reading','comparing','ready','applying','done','cancelled','failed')",
            name="state",
        ),
        points_at("connection_id", "register_connections"),
        CheckConstraint("state <> 'fetching' or connection_id is not null", name="fetched_from_somewhere"),
        CheckConstraint("mode in ('window','delta')", name="mode"),
        CheckConstraint("first_day <= last_day", name="begins_before_it_ends"),
        CheckConstraint("size >= 0", name="size"),
        CheckConstraint("state <> 'failed' or sentence is not null", name="failed_with_a_sentence"),
        # Two at once would each compare with what the other is about to change.
        Index(
            "uq_register_imports_one_at_a_time",
            "district_id",
            unique=True,
            postgresql_where=text("state in ('columns','fetching','reading','comparing','ready','applying')"),
        ),
    )
    FOUND_BY = ("id",)

    state: Mapped[str] = mapped_column(default="columns", info=PUBLIC)
    #: The system that is asked; None for a file.
    connection_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    #: Where in the system the next page begins (core/attendance_systems.py); then its bookmark for the next time.
    place: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}", info=PRIVATE)
    pages_fetched: Mapped[int] = mapped_column(default=0, server_default="0", info=PUBLIC)
    records_received: Mapped[int] = mapped_column(default=0, server_default="0", info=PUBLIC)
    #: How often, one time after another, it had no answer.
    pauses: Mapped[int] = mapped_column(default=0, server_default="0", info=PUBLIC)
    #: It is of all days since the school year began.
    is_whole: Mapped[bool] = mapped_column(default=False, server_default="false", info=PUBLIC)
    #: Schools that ask nothing are applied without anybody's yes.
    applies_itself: Mapped[bool] = mapped_column(default=False, server_default="false", info=PUBLIC)
    #: Admins hear by mail if it fails, or waits for one of them.
    tells_admins: Mapped[bool] = mapped_column(default=False, server_default="false", info=PUBLIC)
    #: Gone once the import is over.
    storage_key: Mapped[str | None] = mapped_column(info=PRIVATE | NAMES_A_FILE)
    sha256: Mapped[str] = mapped_column(info=PUBLIC)
    file_size: Mapped[int] = mapped_column(info=PUBLIC)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)
    made_by_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    #: What it is, if it is one CSV file.
    alone: Mapped[str] = mapped_column(default="marks", server_default="marks", info=PUBLIC)
    #: Dates of birth are read from students.csv: something asked for an age when it was begun.
    takes_births: Mapped[bool] = mapped_column(default=False, server_default="false", info=PUBLIC)
    mode: Mapped[str] = mapped_column(default=WINDOW, info=PUBLIC)
    #: The days that a window is about. Of changes the last is how far the register is in, if that was said.
    first_day: Mapped[date | None] = mapped_column(info=PUBLIC)
    last_day: Mapped[date | None] = mapped_column(info=PUBLIC)
    #: File → field → its column. A file whose columns are not all known yet is not in it.
    columns: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}", info=PUBLIC)
    #: File → rows that were read: where reading goes on after a break.
    rows_read: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}", info=PUBLIC)
    #: A row of which nobody can tell whose it is: then nothing is gone because it is not there.
    has_unclear_rows: Mapped[bool] = mapped_column(default=False, server_default="false", info=PUBLIC)
    #: Students whose marks would change, or did.
    students: Mapped[int] = mapped_column(default=0, server_default="0", info=PUBLIC)
    codes_applied: Mapped[bool] = mapped_column(default=False, server_default="false", info=PUBLIC)
    #: [{"at": …, "sentence": …}], never about a person: of rows they name the file and the line.
    notes: Mapped[list[Any]] = mapped_column(JSONB(), default=list, server_default="[]", info=PUBLIC)
    #: Why it failed.
    sentence: Mapped[str | None] = mapped_column(info=PUBLIC)
    ended_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)

    connection: Mapped[RegisterConnection | None] = relationship(
        primaryjoin=lambda: foreign(RegisterImport.connection_id) == RegisterConnection.id, viewonly=True
    )

    @classmethod
    def find(cls, id: UUID) -> Self | None:
        """The import of that id in this district."""
        return db.session.get(cls, id)

    @classmethod
    def locked(cls, id: UUID) -> Self | None:
        """The same, held until the transaction ends: whoever goes on with it goes on alone."""
        found = select(cls).where(cls.id == id).with_for_update(of=cls)
        return db.session.scalar(found.execution_options(populate_existing=True))

    @classmethod
    def newest(cls) -> Select[Self]:
        """The newest first."""
        return select(cls).order_by(cls.id.desc())

    @classmethod
    def under_way(cls) -> Self | None:
        """The one that is not over, if there is one."""
        return db.session.scalar(select(cls).where(cls.state.not_in(OVER)))

    @classmethod
    def last_of(cls, connection_id: UUID) -> Self | None:
        """The newest reading of a system."""
        asked = select(cls).where(cls.connection_id == connection_id)
        return db.session.scalar(asked.order_by(cls.id.desc()).limit(1))

    @classmethod
    def failed_before(cls, connection_id: UUID, but: UUID) -> bool:
        """True if the reading before that one failed, too."""
        asked = select(cls.state).where(
            cls.connection_id == connection_id, cls.id < but, cls.state.in_(("done", "failed"))
        )
        return db.session.scalar(asked.order_by(cls.id.desc()).limit(1)) == "failed"

    @classmethod
    def was_done(cls, sha256: str, but: UUID) -> bool:
        """True if the very same file was applied before."""
        asked = select(cls.id).where(cls.sha256 == sha256, cls.state == "done", cls.id != but)
        return db.session.scalar(asked.limit(1)) is not None

    @classmethod
    def ended_before(cls, moment: datetime) -> Sequence[Self]:
        """Those that have had their time."""
        return db.session.scalars(select(cls).where(cls.ended_at < moment)).all()

    def note(self, sentence: str) -> None:
        """Add a line to the log."""
        line = {"at": clock.now().isoformat(), "sentence": sentence}
        self.notes = [*(self.notes or ()), line][-MOST_NOTES:]

    @property
    def log(self) -> list[tuple[datetime, str]]:
        """When, and what."""
        return [(datetime.fromisoformat(line["at"]), line["sentence"]) for line in self.notes]

    @property
    def is_window(self) -> bool:
        """True if what is not in it is gone."""
        return self.mode == WINDOW

    @property
    def is_working(self) -> bool:
        """True while a worker has something to do for it."""
        return self.state in WORKING

    @property
    def is_waiting(self) -> bool:
        """True while somebody has to say something first."""
        return self.state in WAITING

    @property
    def is_over(self) -> bool:
        """True once nothing more happens to it."""
        return self.state in OVER

    @property
    def read_in_all(self) -> int:
        """Rows of all its files that were read."""
        return sum(int(count) for count in self.rows_read.values())
