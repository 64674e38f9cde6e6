"""A class of an import with all its enrollments, staged in one row: what the source says, and what would change."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, func, or_, select, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, db
from app.core.feed import FAULTS, RULES_IN_WORDS, Rule
from app.core.records import PERSONAL, PRIVATE, PUBLIC, Keeping
from app.core.tenancy import OwnedThrough, owned, points_at

#: Verdicts about classes, and what the preview calls them.
VERDICTS: Final = {
    "new": "New",
    "changed": "Changed",
    "returns": "In the source again",
    "missing": "Missing for the first time",
    "vanished": "Missing again: would end",
    "ends": "Said to have ended: would end",
    "left_out": "Left out",
    "same": "Unchanged",
}
#: What would become of enrollments: names of the counts below.
OF_ENROLLMENTS: Final = {
    "enrolled": "New",
    "altered": "Changed",
    "first_missing": "Missing for the first time",
    "ending": "Would end",
    "of_strangers": "Of people who are not here: they are enrolled as soon as they are",
    "classless": "In a class that is left out",
}
PAGE: Final = 50


class ImportClass(OwnedThrough, Base):
    """A class; or (`what` is "gone") one that the source has no more; or an enrollment that a rule left out."""

    __tablename__ = "roster_import_classes"
    __keeping__ = Keeping(
        "staff and students", "30 days after the import", exported=False, erased="keep: ids only"
    )
    __audited__ = False
    __table_args__ = owned(
        points_at("import_id", "roster_imports"),
        points_at("class_id", "classes"),
        CheckConstraint("what in ('class','gone','enrollment')", name="what"),
        CheckConstraint(
            "(verdict = 'left_out') = (rule is not null) or verdict is null", name="left_out_by_a_rule"
        ),
        Index(
            "uq_roster_import_classes_key",
            "district_id",
            "import_id",
            "key",
            unique=True,
            postgresql_where=text("what = 'class' and rule is null"),
        ),
        Index(None, "district_id", "import_id", "position"),
    )

    import_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    #: From 1; the order in which they are compared and applied.
    position: Mapped[int] = mapped_column(info=PUBLIC)
    what: Mapped[str] = mapped_column(info=PUBLIC)
    #: Of an enrollment its own.
    key: Mapped[str] = mapped_column(info=PERSONAL)
    #: False where the source names enrollments and not the class itself.
    is_told: Mapped[bool] = mapped_column(default=True, server_default="true", info=PUBLIC)
    title: Mapped[str] = mapped_column(default="", server_default="", info=PUBLIC)
    code: Mapped[str] = mapped_column(default="", server_default="", info=PUBLIC)
    kind: Mapped[str] = mapped_column(default="", server_default="", info=PUBLIC)
    school_key: Mapped[str] = mapped_column(default="", server_default="", info=PUBLIC)
    course: Mapped[str] = mapped_column(default="", server_default="", info=PUBLIC)
    periods: Mapped[list[str]] = mapped_column(default=list, server_default="[]", info=PUBLIC)
    begins_on: Mapped[date | None] = mapped_column(info=PUBLIC)
    ends_on: Mapped[date | None] = mapped_column(info=PUBLIC)
    active: Mapped[bool] = mapped_column(default=True, server_default="true", info=PUBLIC)
    #: Its own id → [person, role, primary, first day, last day, gone], as core/feed.py has them.
    roll: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}", info=PERSONAL)
    #: Nobody else is in it.
    is_whole: Mapped[bool] = mapped_column(default=False, server_default="false", info=PUBLIC)
    digest: Mapped[str] = mapped_column(default="", server_default="", info=PRIVATE)
    file: Mapped[str] = mapped_column(default="", server_default="", info=PUBLIC)
    line: Mapped[int] = mapped_column(default=0, server_default="0", info=PUBLIC)
    verdict: Mapped[str | None] = mapped_column(info=PUBLIC)
    #: Why it is left out (core/feed.py).
    rule: Mapped[str | None] = mapped_column(info=PUBLIC)
    #: Of title, code, kind, school, course, periods, days, presence: what the source says anew.
    changes: Mapped[list[str]] = mapped_column(default=list, server_default="[]", info=PUBLIC)
    class_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    #: What would become of its enrollments.
    enrolled: Mapped[int] = mapped_column(default=0, server_default="0", info=PUBLIC)
    altered: Mapped[int] = mapped_column(default=0, server_default="0", info=PUBLIC)
    first_missing: Mapped[int] = mapped_column(default=0, server_default="0", info=PUBLIC)
    ending: Mapped[int] = mapped_column(default=0, server_default="0", info=PUBLIC)
    of_strangers: Mapped[int] = mapped_column(default=0, server_default="0", info=PUBLIC)
    classless: Mapped[int] = mapped_column(default=0, server_default="0", info=PUBLIC)

    @classmethod
    def counts(cls, import_id: UUID) -> dict[str, int]:
        """How many classes, by verdict."""
        asked = select(cls.verdict, func.count()).where(
            cls.import_id == import_id, cls.what != "enrollment", cls.verdict.is_not(None)
        )
        return {
            verdict: count for verdict, count in db.session.execute(asked.group_by(cls.verdict)) if verdict
        }

    @classmethod
    def counts_of_enrollments(cls, import_id: UUID) -> dict[str, int]:
        """How many enrollments, by what would become of them."""
        sums = [func.coalesce(func.sum(getattr(cls, name)), 0) for name in OF_ENROLLMENTS]
        row = db.session.execute(select(*sums).where(cls.import_id == import_id)).one()
        return {name: int(count) for name, count in zip(OF_ENROLLMENTS, row, strict=True)}

    @classmethod
    def with_verdict(cls, import_id: UUID, verdict: str, after: int = 0) -> Sequence["ImportClass"]:
        """A page of those (one more shows that there are more)."""
        rows = select(cls).where(cls.import_id == import_id, cls.verdict == verdict, cls.position > after)
        return db.session.scalars(rows.order_by(cls.position).limit(PAGE + 1)).all()

    @classmethod
    def touching(cls, import_id: UUID, count: str, after: int = 0) -> Sequence["ImportClass"]:
        """A page of those with enrollments of which that would become: a name of OF_ENROLLMENTS."""
        rows = select(cls).where(cls.import_id == import_id, getattr(cls, count) > 0, cls.position > after)
        return db.session.scalars(rows.order_by(cls.position).limit(PAGE + 1)).all()

    @classmethod
    def faults(cls, import_id: UUID) -> Sequence["ImportClass"]:
        """What the school must mend in its system."""
        rows = select(cls).where(cls.import_id == import_id, cls.rule.in_([str(rule) for rule in FAULTS]))
        return db.session.scalars(rows.order_by(cls.position)).all()

    @classmethod
    def about(cls, import_id: UUID, typed: str) -> Sequence["ImportClass"]:
        """Rows by id, code or title, as somebody typed it; a few."""
        rows = select(cls).where(
            cls.import_id == import_id,
            or_(cls.key == typed, cls.code == typed, func.lower(cls.title) == typed.lower()),
        )
        return db.session.scalars(rows.order_by(cls.position).limit(PAGE)).all()

    @property
    def why(self) -> str:
        """The rule that left it out, in a sentence; "" if none did."""
        return RULES_IN_WORDS[Rule(self.rule)] if self.rule else ""
