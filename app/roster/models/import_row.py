"""A row of an import, staged: what the source says, and what that would change here."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import CheckConstraint, ColumnElement, Index, Select, and_, case, func, or_, select, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, db
from app.core.feed import FAULTS, RULES_IN_WORDS, Rule
from app.core.records import PERSONAL, PRIVATE, PUBLIC, Keeping
from app.core.tenancy import OwnedThrough, owned, points_at
from app.roster.models.roster_import import RosterImport

#: Verdicts, and what the preview calls them.
VERDICTS: Final = {
    "new": "New",
    "matched": "Already here by address",
    "changed": "Changed",
    "rekeyed": "Same person under another id",
    "returns": "Works here again",
    "also": "Another record of the same person",
    "missing": "Missing for the first time",
    "vanished": "Missing again: would be deactivated",
    "leaves": "Said to have left: would be deactivated",
    "left_out": "Left out",
    "same": "Unchanged",
}
#: By these somebody would go, or begin to.
REMOVALS: Final = ("missing", "vanished", "leaves")
PAGE: Final = 50


class ImportRow(OwnedThrough, Base):
    """A school or somebody, or (`what` is "gone") somebody whom the file has no more.

    No index holds the verdict: half a million of them are written once each, beside the row and in no other place.
    """

    __tablename__ = "roster_import_rows"
    __keeping__ = Keeping(
        "staff, students and guardians", "30 days after the import", exported=False, erased="delete"
    )
    __audited__ = False
    __table_args__ = owned(
        points_at("import_id", "roster_imports"),
        points_at("person_id", "people"),
        points_at("school_id", "schools"),
        CheckConstraint("what in ('school','person','gone')", name="what"),
        CheckConstraint("kind in ('staff','student','guardian')", name="kind"),
        CheckConstraint(
            "(verdict = 'left_out') = (rule is not null) or verdict is null", name="left_out_by_a_rule"
        ),
        Index(
            "uq_roster_import_rows_key",
            "district_id",
            "import_id",
            "what",
            "key",
            unique=True,
            postgresql_where=text("rule is null"),
        ),
        Index(None, "district_id", "import_id", "position"),
        Index("ix_roster_import_rows_key", "district_id", "key", "import_id"),
        Index(
            "ix_roster_import_rows_email",
            "district_id",
            "import_id",
            "email",
            postgresql_where=text("email <> ''"),
        ),
        Index(
            "ix_roster_import_rows_known_by",
            "district_id",
            "known_by",
            postgresql_where=text("known_by <> ''"),
        ),
    )

    import_id: Mapped[UUID] = mapped_column(info=PUBLIC)
    #: From 1; the order in which rows are compared and applied.
    position: Mapped[int] = mapped_column(info=PUBLIC)
    what: Mapped[str] = mapped_column(info=PUBLIC)
    #: Of a person what they are: staff, student or guardian.
    kind: Mapped[str] = mapped_column(default="staff", server_default="staff", info=PUBLIC)
    key: Mapped[str] = mapped_column(info=PERSONAL)
    given_name: Mapped[str] = mapped_column(default="", server_default="", info=PERSONAL)
    #: Of a school its name.
    family_name: Mapped[str] = mapped_column(default="", server_default="", info=PERSONAL)
    email: Mapped[str] = mapped_column(default="", server_default="", info=PERSONAL)
    school_key: Mapped[str] = mapped_column(default="", server_default="", info=PUBLIC)
    role: Mapped[str] = mapped_column(default="", server_default="", info=PUBLIC)
    groups: Mapped[list[str]] = mapped_column(default=list, server_default="[]", info=PUBLIC)
    active: Mapped[bool] = mapped_column(default=True, server_default="true", info=PUBLIC)
    #: Of students and guardians, as in source_people; a contact is sealed already, for the row that it will be.
    number: Mapped[str] = mapped_column(default="", server_default="", info=PERSONAL)
    grade: Mapped[str] = mapped_column(default="", server_default="", info=PERSONAL)
    known_by: Mapped[str] = mapped_column(default="", server_default="", info=PERSONAL)
    contacts: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}", info=PRIVATE)
    relatives: Mapped[list[str]] = mapped_column(default=list, server_default="[]", info=PERSONAL)
    #: Of a student, by the ids of relatives: what each of them is to the student, where the source tells that.
    #: Of somebody new, in which they are written to, or which is spoken at home; "" where nobody says it.
    language: Mapped[str] = mapped_column(default="", server_default="", info=PERSONAL)
    relations: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}", info=PERSONAL)
    digest: Mapped[str] = mapped_column(default="", server_default="", info=PRIVATE)
    file: Mapped[str] = mapped_column(default="", server_default="", info=PUBLIC)
    line: Mapped[int] = mapped_column(default=0, server_default="0", info=PUBLIC)
    #: Of students and guardians it is foretold while they are staged: it counts once the row was compared.
    verdict: Mapped[str | None] = mapped_column(info=PUBLIC)
    #: Why it is left out (core/feed.py).
    rule: Mapped[str | None] = mapped_column(info=PUBLIC)
    #: Of name, email, school, role, number, grade, contacts, relatives: what the source says anew.
    changes: Mapped[list[str]] = mapped_column(default=list, server_default="[]", info=PUBLIC)
    #: Of those: what stays as an admin wrote it.
    kept: Mapped[list[str]] = mapped_column(default=list, server_default="[]", info=PUBLIC)
    person_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)
    school_id: Mapped[UUID | None] = mapped_column(info=PUBLIC)

    @classmethod
    def between(cls, import_id: UUID, after: int, upto: int) -> list["ImportRow"]:
        """Rows about schools, the staff and whoever is missing, in their order: those that are decided one by one."""
        rows = select(cls).where(cls.import_id == import_id, cls.position > after, cls.position <= upto)
        one_by_one = or_(cls.kind == "staff", cls.what == "gone")
        return list(db.session.scalars(rows.where(one_by_one).order_by(cls.position)))

    @classmethod
    def with_verdict(cls, import_id: UUID, verdict: str, after: int = 0) -> list["ImportRow"]:
        """A page of those (one more shows that there are more)."""
        rows = select(cls).where(cls.import_id == import_id, cls.verdict == verdict, cls.position > after)
        rows = rows.where(cls._is_decided(import_id))
        return list(db.session.scalars(rows.order_by(cls.position).limit(PAGE + 1)))

    @classmethod
    def counts(cls, import_id: UUID) -> dict[tuple[str, str], int]:
        """How many, by verdict, of schools ("school") and of each kind of people."""
        group = case((cls.what == "school", "school"), else_=cls.kind)
        asked = select(group, cls.verdict, func.count()).where(
            cls.import_id == import_id, cls._is_decided(import_id)
        )
        return {
            (kind, verdict): count
            for kind, verdict, count in db.session.execute(asked.group_by(group, cls.verdict))
            if verdict
        }

    @classmethod
    def count_applied(cls, run: RosterImport) -> int:
        """How many were applied so far: students come after the others."""
        is_student = and_(cls.what == "person", cls.kind == "student")
        upto = case((is_student, run.students_applied), else_=run.rows_applied)
        asked = select(func.count(cls.id)).where(cls.import_id == run.id, cls.position <= upto)
        return db.session.scalar(asked) or 0

    @classmethod
    def faults(cls, import_id: UUID) -> Select[Any]:
        """What the school must mend in its system."""
        return (
            select(cls)
            .where(cls.import_id == import_id, cls.rule.in_([str(rule) for rule in FAULTS]))
            .order_by(cls.position)
        )

    @classmethod
    def about(cls, import_id: UUID, typed: str) -> list["ImportRow"]:
        """Rows by id, address or name, as somebody typed it; a few."""
        sought = typed.strip()
        rows = select(cls).where(
            cls.import_id == import_id,
            or_(
                cls.key == sought,
                cls.email == sought.lower(),
                func.lower(cls.family_name) == sought.lower(),
                func.lower(cls.given_name + " " + cls.family_name) == sought.lower(),
            ),
        )
        return list(db.session.scalars(rows.order_by(cls.position).limit(PAGE)))

    @classmethod
    def _is_decided(cls, import_id: UUID) -> ColumnElement[bool]:
        """A verdict beyond the rows that were compared is foretold, but for those that reading left out."""
        compared = select(RosterImport.rows_compared).where(RosterImport.id == import_id).scalar_subquery()
        return or_(cls.position <= compared, cls.rule.is_not(None))

    @property
    def name(self) -> str:
        """As it is said."""
        return f"{self.given_name} {self.family_name}".strip()

    @property
    def why(self) -> str:
        """The rule that left it out, in a sentence; "" if none did."""
        return RULES_IN_WORDS[Rule(self.rule)] if self.rule else ""
