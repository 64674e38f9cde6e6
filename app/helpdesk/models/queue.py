"""The technicians' list: which tickets, in which order, a page at a time. No table.

Every question is answered by one index of Ticket, in its order, and stops after a page: it takes as long with
200,000 tickets as with 200. A count stops at COUNTED, and nobody needs more than "99+". Who searches gets the
same pages of what core/search.py finds, by number.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, bindparam, func, select, tuple_

from app.auth.models.account import Account
from app.core.db import db, uuid_or_none
from app.core.search import Among, tickets_matching
from app.helpdesk.models.ticket import State, Ticket
from app.helpdesk.models.urgency import Urgency
from app.roster.models.person import Person
from app.roster.models.room import Room
from app.roster.models.school import School

PAGE: Final = 25
COUNTED: Final = 100

#: What may be asked, by its name in the address. The first of each is what an unknown name becomes.
STATES: Final[Mapping[str, str]] = {
    "open": "Open",
    "new": "New",
    "waiting": "Waiting for an answer",
    "closed": "Closed",
    "any": "In any state",
}
WHOSE: Final[Mapping[str, str]] = {"all": "Everyone’s", "mine": "Mine", "unassigned": "Nobody’s yet"}
SORTS: Final[Mapping[str, str]] = {
    "urgent": "Most urgent first",
    "newest": "Newest first",
    "oldest": "Oldest first",
}


@dataclass(frozen=True)
class Asked:
    """What a reader of the queue asks for; names outside the lists above become their first."""

    state: str = "open"
    whose: str = "all"
    sort: str = "urgent"
    school_id: UUID | None = None
    #: Words to search for; empty: nothing is searched.
    typed: str = ""

    @classmethod
    def of(cls, *, state: str, whose: str, sort: str, school: str, typed: str = "") -> "Asked":
        """From the address line, where anybody may write anything."""
        return cls(
            state=state if state in STATES else next(iter(STATES)),
            whose=whose if whose in WHOSE else next(iter(WHOSE)),
            sort=sort if sort in SORTS else next(iter(SORTS)),
            school_id=uuid_or_none(school),
            typed=typed,
        )

    @property
    def order(self) -> str:
        """The column that leads. Only open tickets are urgent; what is found is listed by number."""
        return _order_of(self.state, self.sort, searched=bool(self.typed))


@dataclass(frozen=True)
class Page:
    """A page of rows and where the pages beside it begin."""

    rows: Sequence[Row[Any]]
    before: str | None
    after: str | None


def page(
    asked: Asked, *, schools: Collection[UUID] | None, me: UUID | None, after: str = "", before: str = ""
) -> Page:
    """The rows that were asked for, among those schools (None: all of them)."""
    cursor, backwards = _cursor(asked, before), True
    if cursor is None:
        cursor, backwards = _cursor(asked, after), False
    shape = _Shape.of(asked, schools, "" if cursor is None else "before" if backwards else "after")
    values = {"me": me, **_given(asked, schools), **{f"at_{n}": at for n, at in enumerate(cursor or ())}}
    if asked.typed:
        beyond = cursor[0] if cursor else None
        oldest_first = (asked.sort == "oldest") is not (shape.beyond == "before")
        values["found"] = tickets_matching(
            asked.typed, _among(asked, schools, me), limit=PAGE + 1, beyond=beyond, oldest_first=oldest_first
        )
    rows = list(db.session.execute(_page_of(shape), values))
    more, rows = len(rows) > PAGE, rows[:PAGE]
    if backwards:
        rows.reverse()
    has_newer, has_older = (more, True) if backwards else (cursor is not None, more)
    return Page(
        rows=rows,
        before=_written(asked, rows[0]) if rows and has_newer else None,
        after=_written(asked, rows[-1]) if rows and has_older else None,
    )


def counts(*, schools: Collection[UUID] | None, me: UUID | None) -> Mapping[str, int]:
    """How many open tickets are everyone's, mine and nobody's; never more than COUNTED, in one question."""
    asked = Asked()
    values = {"me": me, **_given(asked, schools)}
    row = db.session.execute(_counts_of(_Shape.of(asked, schools, "")), values).one()
    return dict(row._mapping)


@dataclass(frozen=True)
class _Shape:
    """What a question looks like without its values. Each is put together once and then only asked."""

    state: str
    whose: str
    sort: str
    schools: str
    at_one_school: bool
    found: bool
    beyond: str

    @classmethod
    def of(cls, asked: Asked, schools: Collection[UUID] | None, beyond: str) -> "_Shape":
        return cls(
            state=asked.state,
            whose=asked.whose,
            sort=asked.sort,
            schools="all" if schools is None else "one" if len(schools) == 1 else "some",
            at_one_school=asked.school_id is not None,
            found=bool(asked.typed),
            beyond=beyond,
        )


def _order_of(state: str, sort: str, *, searched: bool) -> str:
    if state == "closed" and not searched:
        return "closed_at"
    return "urgency" if sort == "urgent" and state != "any" and not searched else "number"


def _among(asked: Asked, schools: Collection[UUID] | None, me: UUID | None) -> Among:
    """The same narrowing as the question's own: a search that stops after a page must stop at the right rows."""
    if asked.school_id is not None:
        schools = {asked.school_id} if schools is None else {asked.school_id} & set(schools)
    return Among(
        schools=schools,
        closed=None if asked.state == "any" else asked.state == "closed",
        state=asked.state if asked.state in (State.NEW, State.WAITING) else None,
        assignee_id=me if asked.whose == "mine" else None,
        unassigned=asked.whose == "unassigned",
    )


def _given(asked: Asked, schools: Collection[UUID] | None) -> dict[str, Any]:
    given: dict[str, Any] = {"school": asked.school_id}
    if schools is not None:
        given["schools"] = next(iter(schools)) if len(schools) == 1 else list(schools)
    return given


@lru_cache(maxsize=512)
def _page_of(shape: _Shape) -> Any:
    order = _order(shape)
    backwards = shape.beyond == "before"
    question = select(Ticket.id, *order.columns).where(*_where(shape))
    if shape.beyond:
        question = question.where(_beyond(order.columns, up=order.descending is backwards))
    down = order.descending is not backwards
    chosen = _in_order(question, order.columns, down=down).limit(PAGE + 1).subquery()
    wanted: Any = select(*_SHOWN).join(chosen, chosen.c.id == Ticket.id)
    return _in_order(_with_names(wanted), order.columns, down=down)


@lru_cache(maxsize=8)
def _counts_of(shape: _Shape) -> Any:
    return select(*(_capped(_where(replace(shape, whose=whose))).label(whose) for whose in WHOSE))


_SHOWN = (
    Ticket.id,
    Ticket.number,
    Ticket.title,
    Ticket.state,
    Ticket.urgency,
    Ticket.opened_at,
    Ticket.last_activity_at,
    Ticket.closed_at,
    Ticket.reply_count,
    Ticket.verified,
    Ticket.assignee_id,
    Person.given_name,
    Person.family_name,
    School.short_name.label("school"),
    School.zone.label("zone"),
    Room.name.label("room"),
    Account.name.label("assignee"),
)


def _with_names(question: Any) -> Any:
    return (
        question.join(Person, Person.id == Ticket.requester_id)
        .join(School, School.id == Ticket.school_id)
        .outerjoin(Room, Room.id == Ticket.room_id)
        .outerjoin(Account, Account.id == Ticket.assignee_id)
    )


@dataclass(frozen=True)
class _Order:
    columns: Sequence[Any]
    descending: bool


def _order(shape: _Shape) -> _Order:
    leads = _order_of(shape.state, shape.sort, searched=shape.found)
    if leads == "closed_at":
        return _Order((Ticket.closed_at, Ticket.id), descending=True)
    if leads == "urgency":
        return _Order((Ticket.urgency, Ticket.last_activity_at, Ticket.id), descending=False)
    return _Order((Ticket.number,), descending=shape.sort != "oldest")


def _where(shape: _Shape) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    if shape.state != "any":
        where.append(Ticket.closed_at.is_not(None) if shape.state == "closed" else Ticket.closed_at.is_(None))
    if shape.state in (State.NEW, State.WAITING):
        where.append(Ticket.state == shape.state)
    if shape.whose != "all":
        mine = Ticket.assignee_id == bindparam("me")
        where.append(mine if shape.whose == "mine" else Ticket.assignee_id.is_(None))
    # One school is compared and not listed: only then does its index yield the order too.
    if shape.schools == "one":
        where.append(Ticket.school_id == bindparam("schools"))
    if shape.schools == "some":
        where.append(Ticket.school_id.in_(bindparam("schools", expanding=True)))
    if shape.at_one_school:
        where.append(Ticket.school_id == bindparam("school"))
    if shape.found:
        where.append(Ticket.id.in_(bindparam("found", expanding=True)))
    return where


def _capped(where: Sequence[ColumnElement[bool]]) -> Any:
    some = select(Ticket.id).where(*where).limit(COUNTED).subquery()
    return select(func.count()).select_from(some).scalar_subquery()


def _in_order(question: Any, columns: Sequence[Any], *, down: bool) -> Any:
    return question.order_by(*(column.desc() if down else column.asc() for column in columns))


def _beyond(columns: Sequence[Any], *, up: bool) -> ColumnElement[bool]:
    cursor = [bindparam(f"at_{nth}", type_=column.type) for nth, column in enumerate(columns)]
    here: Any = columns[0] if len(columns) == 1 else tuple_(*columns)
    there: Any = cursor[0] if len(columns) == 1 else tuple_(*cursor)
    beyond: ColumnElement[bool] = here > there if up else here < there
    return beyond


# A cursor is what the row is ordered by, with dots: it says nothing that the row did not show.


def _written(asked: Asked, row: Row[Any]) -> str:
    if asked.order == "closed_at":
        return f"{_stamp(row.closed_at)}.{row.id}"
    if asked.order == "urgency":
        return f"{row.urgency}.{_stamp(row.last_activity_at)}.{row.id}"
    return str(row.number)


def _cursor(asked: Asked, written: str) -> tuple[Any, ...] | None:
    parts = written.split(".")
    try:
        if asked.order == "closed_at":
            stamp, ticket_id = parts
            return _moment(stamp), UUID(ticket_id)
        if asked.order == "urgency":
            urgency, stamp, ticket_id = parts
            return Urgency(urgency), _moment(stamp), UUID(ticket_id)
        (number,) = parts
        return (min(max(int(number), 0), 2**31 - 1),)
    except (ValueError, OverflowError):
        return None


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%S%fZ")


def _moment(stamp: str) -> datetime:
    return datetime.strptime(stamp, "%Y%m%dT%H%M%S%fZ").replace(tzinfo=UTC)
