"""What became of the notices that the rules had families told: how many left, came back, were read and answered.

Counted when it is asked for, for the schools that somebody may see. A group of few students is left out, as in the
report on absences: that two of three families did not answer tells of each.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import CTE, Date, Integer, and_, case, cast, exists, func, literal_column, select, tuple_

from app.core.db import db
from app.core.directory import district_by_id
from app.core.tenancy import current_district_id
from app.family.models.family_answer import NEEDS_NOBODY, RECEIPT, FamilyAnswer
from app.family.models.family_link import FamilyLink
from app.notices.models.notice import FAILED, Notice, State
from app.truancy.models.case_duty import CaseDuty
from app.truancy.models.notice_trail import DUTY
from app.truancy.models.suppression import Share, hidden, share

#: As a family link names a notice.
NOTICE: Final = "notice"
#: By what the lines are grouped, in the order in which they are shown.
GROUPS: Final = ("rule", "month", "school", "language", "channel")
WHOLE: Final = "all"
COUNTS: Final = ("students", "written", "departed", "returned", "read", "answered", "withdrawn", "open")


@dataclass(frozen=True)
class NoticeLine:
    """A line of the report. Of a group that is too small nothing is told."""

    name: Any
    students: int | None
    written: int | None
    #: Not yet left: blocked, waiting for somebody, approved or in print.
    open: int | None
    departed: int | None
    returned: Share
    read: Share
    answered: Share
    withdrawn: Share
    #: Days from the one on which the rule fired until it left, in the middle of all.
    days: float | None


@dataclass(frozen=True)
class NoticeReport:
    """Of one year, and of the schools that somebody may see."""

    whole: NoticeLine | None
    by: dict[str, list[NoticeLine]]

    @classmethod
    def empty(cls) -> "NoticeReport":
        """Of no year."""
        return cls(None, {group: [] for group in GROUPS})

    @property
    def lines(self) -> list[tuple[str, NoticeLine]]:
        """All of them, each with what it is a line of: as a file tells them."""
        told = [(WHOLE, self.whole)] if self.whole else []
        return told + [(group, line) for group in GROUPS for line in self.by[group]]


def notice_report(first: date, schools: Collection[UUID]) -> NoticeReport:
    """Notices that were written from that day on, but for those of practice. Days are those of the district."""
    card = district_by_id(current_district_id())
    assert card is not None
    told = _told(first, schools, card.zone)
    columns = [told.c[name] for name in GROUPS]
    asked = select(
        *columns,
        *(func.grouping(column).label(f"not_by_{column.key}") for column in columns),
        func.count(told.c.student_id.distinct()).label("students"),
        func.count().label("written"),
        *(func.count().filter(told.c[name]).label(name) for name in COUNTS[2:]),
        func.percentile_cont(0.5).within_group(told.c.days).filter(told.c.departed).label("days"),
    ).group_by(func.grouping_sets(tuple_(), *(tuple_(column) for column in columns)))
    rows: dict[str, list[Any]] = defaultdict(list)
    for row in db.session.execute(asked):
        by = next((name for name in GROUPS if not getattr(row, f"not_by_{name}")), WHOLE)
        rows[by].append(row)
    whole = _lines(WHOLE, [row for row in rows[WHOLE] if row.written])
    return NoticeReport(whole[0] if whole else None, {group: _lines(group, rows[group]) for group in GROUPS})


def _told(first: date, schools: Collection[UUID], zone: str) -> CTE:
    """A row for each notice, with what became of it."""
    departed = Notice.left_at.is_not(None)
    sent = and_(FamilyLink.about_kind == NOTICE, FamilyLink.about_id == Notice.id)
    by_page = exists().where(FamilyAnswer.link_id == FamilyLink.id, sent)
    return (
        select(
            Notice.student_id,
            CaseDuty.rule_id.label("rule"),
            cast(func.date_trunc(literal_column("'month'"), _local(Notice.made_at, zone)), Date).label(
                "month"
            ),
            Notice.school_id.label("school"),
            Notice.language,
            Notice.channel,
            departed.label("departed"),
            and_(departed, Notice.state.in_(FAILED)).label("returned"),
            and_(departed, by_page.where(FamilyAnswer.kind == RECEIPT)).label("read"),
            and_(departed, by_page.where(FamilyAnswer.kind.not_in(NEEDS_NOBODY))).label("answered"),
            and_(departed, Notice.state == State.WITHDRAWN).label("withdrawn"),
            and_(~departed, Notice.state.not_in([*FAILED, State.CANCELLED, State.WITHDRAWN])).label("open"),
            case(
                (departed, cast(cast(_local(Notice.left_at, zone), Date) - CaseDuty.trigger, Integer))
            ).label("days"),
        )
        .join(CaseDuty, and_(Notice.grounds_kind == DUTY, Notice.grounds_id == CaseDuty.id))
        .where(
            cast(_local(Notice.made_at, zone), Date) >= first,
            Notice.school_id.in_(list(schools)),
            ~Notice.practice,
        )
        .cte("told")
    )


def _local(moment: Any, zone: str) -> Any:
    return func.timezone(zone, moment)


def _lines(group: str, rows: Sequence[Any]) -> list[NoticeLine]:
    named = {_name(group, row): row for row in rows}
    left_out = hidden({name: row.students for name, row in named.items()})
    lines = [_line(name, row, is_hidden=name in left_out) for name, row in named.items()]
    return sorted(lines, key=lambda line: str(line.name))


def _name(group: str, row: Any) -> Any:
    return WHOLE if group == WHOLE else getattr(row, group)


def _line(name: Any, row: Any, *, is_hidden: bool) -> NoticeLine:
    def shown(count: int) -> int | None:
        return None if is_hidden else count

    def of_departed(part: int) -> Share:
        return share(part, row.departed, is_hidden=is_hidden)

    return NoticeLine(
        name=name,
        students=shown(row.students),
        written=shown(row.written),
        open=shown(row.open),
        departed=shown(row.departed),
        returned=of_departed(row.returned),
        read=of_departed(row.read),
        answered=of_departed(row.answered),
        withdrawn=of_departed(row.withdrawn),
        days=None if is_hidden or row.days is None or row.departed < 10 else float(row.days),
    )
