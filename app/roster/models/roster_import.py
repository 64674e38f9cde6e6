"""One import of the roster: a file or a sync, what was found, and how far it has come. The row is the progress."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Self
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Select, select, text
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from app.core import clock
from app.core.db import Base, db
from app.core.quotas import HoldsAFile
from app.core.records import NAMES_A_FILE, PRIVATE, PUBLIC, Keeping
from app.core.tenancy import DistrictOwned, owned, points_at
from app.roster.models.roster_source import UPLOADED, RosterSource

STATES: Final = (
    "columns",
    "fetching",
    "reading",
    "comparing",
    "ready",
    "applying",
    "done",
    "cancelled",
    "failed",
)
#: A worker is at it, or will be.
WORKING: Final = ("fetching", "reading", "comparing", "applying")
#: An admin has to say something first. Those of different sources wait side by side.
WAITING: Final = ("columns", "ready")
OVER: Final = ("done", "cancelled", "failed")
#: A preview that nobody answers is given up, and its file with it.
FILE_IS_KEPT: Final = timedelta(days=7)
ROWS_ARE_KEPT: Final = timedelta(days=30)


class RosterImport(HoldsAFile, DistrictOwned, Base):
    """It goes reading → comparing → ready (an admin looks) → applying → done.

    Before that a sync is fetching, and of a CSV file an admin says what its columns are.
    """

    __tablename__ = "roster_imports"
    __keeping__ = Keeping(
        "nobody", "30 days after the import", exported=False, erased="keep: holds counts only"
    )
    __audited__ = False
    __table_args__ = owned(
        points_at("source_id", "roster_sources"),
        CheckConstraint(
            "state in ('columns','fetching','reading','comparing','ready','applying','done','cancelled','failed')",
            name="state",
        ),
        CheckConstraint("size >= 0", name="size"),
        CheckConstraint("state <> 'failed' or sentence is not null", name="failed_with_a_sentence"),
        # Two imports at once would each compare with what the other is about to change. What waits for an answer is
        # decided anew when it is applied, so others may wait beside it; of one source one, since it is about the same.
        Index(
            "uq_roster_imports_one_at_work",
            "district_id",
            unique=True,
            postgresql_where=text("state in ('fetching','reading','comparing','applying')"),
        ),
        Index(
            "uq_roster_imports_one_of_a_source",
            "district_id",
            "source_id",
            unique=True,
            postgresql_where=text("state in ('columns','fetching','reading','comparing','ready','applying')"),
        ),
    )
    FOUND_BY = ("id",)

    source_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    state: Mapped[str] = mapped_column(default="reading", info=PUBLIC)
    #: Gone once the import is over; None for a sync, whose pages are rows (FetchedPage).
    storage_key: Mapped[str | None] = mapped_column(info=PRIVATE | NAMES_A_FILE)
    #: "" for a sync.
    sha256: Mapped[str] = mapped_column(info=PUBLIC)
    file_size: Mapped[int] = mapped_column(info=PUBLIC)
    made_at: Mapped[datetime] = mapped_column(default=clock.now, info=PUBLIC)
    #: The account that uploaded the file, or asked for the sync; None for the timetable.
    made_by_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    #: Of a CSV file: what → the column that it stands in; and whether whoever is missing in it is missing.
    columns: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}", info=PUBLIC)
    has_everybody: Mapped[bool] = mapped_column(default=False, server_default="false", info=PUBLIC)
    #: Of a sync: where in its source the next page begins (core/fetching.py).
    place: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}", info=PUBLIC)
    pages_fetched: Mapped[int] = mapped_column(default=0, server_default="0", info=PUBLIC)
    #: Records that came, and that will have come, if the source says how many there are.
    records_received: Mapped[int] = mapped_column(default=0, server_default="0", info=PUBLIC)
    records_expected: Mapped[int | None] = mapped_column(info=PUBLIC)
    people_fetched: Mapped[int] = mapped_column(default=0, server_default="0", info=PUBLIC)
    #: How often the source had no answer, one after another.
    pauses: Mapped[int] = mapped_column(default=0, server_default="0", info=PUBLIC)
    #: A nightly sync whose admins hear by mail that it waits for them.
    tells_admins: Mapped[bool] = mapped_column(default=False, server_default="false", info=PUBLIC)
    #: Asked for what changed and no more: nobody is missing because they are not in it.
    only_changes: Mapped[bool] = mapped_column(default=False, server_default="false", info=PUBLIC)
    #: Applied without an admin's yes, unless something must be asked.
    applies_itself: Mapped[bool] = mapped_column(default=False, server_default="false", info=PUBLIC)
    #: Whether students and families are taken in: as the source was set when it was uploaded.
    takes_families: Mapped[bool] = mapped_column(default=False, server_default="false", info=PUBLIC)
    #: Items of the feed that were taken in: where reading goes on after a break.
    items_read: Mapped[int] = mapped_column(default=0, server_default="0", info=PUBLIC)
    rows_read: Mapped[int] = mapped_column(default=0, server_default="0", info=PUBLIC)
    rows_staged: Mapped[int] = mapped_column(default=0, server_default="0", info=PUBLIC)
    rows_compared: Mapped[int] = mapped_column(default=0, server_default="0", info=PUBLIC)
    #: Up to which row all but students were applied.
    rows_applied: Mapped[int] = mapped_column(default=0, server_default="0", info=PUBLIC)
    #: Then, up to which row students were: whom they name is there already.
    students_applied: Mapped[int] = mapped_column(default=0, server_default="0", info=PUBLIC)
    #: Then, up to which row was linked whoever could not be before.
    rows_related: Mapped[int] = mapped_column(default=0, server_default="0", info=PUBLIC)
    #: The same of classes, which are staged in rows of their own (ImportClass).
    takes_classes: Mapped[bool] = mapped_column(default=False, server_default="false", info=PUBLIC)
    classes_staged: Mapped[int] = mapped_column(default=0, server_default="0", info=PUBLIC)
    classes_compared: Mapped[int] = mapped_column(default=0, server_default="0", info=PUBLIC)
    classes_applied: Mapped[int] = mapped_column(default=0, server_default="0", info=PUBLIC)
    #: All were read, and whichever class or enrollment is missing is missing.
    has_all_classes: Mapped[bool] = mapped_column(default=False, server_default="false", info=PUBLIC)
    #: How many "classes" and "enrollments" the file tells nothing new of.
    classes_unchanged: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}", info=PUBLIC)
    #: How many of a kind the file tells nothing new of, while reading: nothing of them is staged.
    unchanged: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}", info=PUBLIC)
    #: How many rows each rule left out, while reading.
    left_out: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}", info=PUBLIC)
    #: All was read, and whoever is missing is missing.
    counts_absence: Mapped[bool] = mapped_column(default=False, server_default="false", info=PUBLIC)
    #: Groups of which too many would go: [{"group": …, "gone": …, "of": …}].
    guard: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}", info=PUBLIC)
    #: An admin saw who would go, and said yes.
    removals_confirmed: Mapped[bool] = mapped_column(default=False, server_default="false", info=PUBLIC)
    #: Why it failed.
    sentence: Mapped[str | None] = mapped_column(info=PUBLIC)
    ended_at: Mapped[datetime | None] = mapped_column(info=PUBLIC)

    source: Mapped[RosterSource] = relationship(
        primaryjoin=lambda: foreign(RosterImport.source_id) == RosterSource.id, viewonly=True, lazy="joined"
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
    def was_ever_done(cls, source_id: UUID) -> bool:
        """True if a whole reading of that source was applied."""
        asked = select(cls.id).where(
            cls.source_id == source_id, cls.state == "done", cls.only_changes.is_(False)
        )
        return db.session.scalar(asked.limit(1)) is not None

    @classmethod
    def under_way(cls) -> Self | None:
        """The newest that is not over, if there is one."""
        return db.session.scalar(cls.newest().where(cls.state.not_in(OVER)).limit(1))

    @classmethod
    def under_way_of(cls, source_id: UUID) -> Self | None:
        """The one of that source that is not over, if there is one."""
        return db.session.scalar(select(cls).where(cls.source_id == source_id, cls.state.not_in(OVER)))

    @classmethod
    def at_work(cls) -> Self | None:
        """The one at which a worker is, or will be, if there is one."""
        return db.session.scalar(select(cls).where(cls.state.in_(WORKING)))

    @classmethod
    def failed_lately(cls, source_id: UUID) -> Sequence[Self]:
        """The last few of that source that failed, the newest first."""
        failed = cls.newest().where(cls.source_id == source_id, cls.state == "failed")
        return db.session.scalars(failed.limit(5)).all()

    @classmethod
    def waiting(cls) -> Sequence[Self]:
        """Those that wait for an admin: for an answer, or to be told what the columns of a file are."""
        return db.session.scalars(cls.newest().where(cls.state.in_(WAITING))).all()

    @classmethod
    def sources_read_lately(cls) -> Select[UUID]:
        """Those of which an import was applied within the time that imports are remembered."""
        return select(cls.source_id).where(cls.state == "done")

    @classmethod
    def last_of(cls, source_id: UUID) -> Self | None:
        """The newest of that source."""
        return db.session.scalar(cls.newest().where(cls.source_id == source_id).limit(1))

    @property
    def is_working(self) -> bool:
        """True while a worker has something to do for it."""
        return self.state in WORKING

    @property
    def is_sync(self) -> bool:
        """True if nobody uploaded a file: the source was asked."""
        return self.source.kind not in UPLOADED

    @property
    def is_over(self) -> bool:
        """True once nothing more happens to it."""
        return self.state in OVER

    @property
    def rows_left_out(self) -> int:
        """How many rows the rules left out while it was read."""
        return sum(int(count) for count in self.left_out.values())
