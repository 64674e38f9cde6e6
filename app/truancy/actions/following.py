"""Cases follow the firings: what stands opens a duty each, what stands no more is withdrawn, what stands again is back.

Idempotent: told the same twice, nothing is changed. What somebody has done or dismissed stays settled. A review of a
large district opens more than a million duties, so the database makes the rows of those that it has.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Final, NamedTuple, Self
from uuid import UUID

from sqlalchemy import CursorResult, TextClause, text

from app.core import audit, clock
from app.core.db import UUID7, changed_rows, db, told_rows
from app.core.tenancy import current_district_id
from app.truancy.actions.gathering import as_array
from app.truancy.law.firing import Firing
from app.truancy.models.attendance_case import school_years
from app.truancy.models.case_duty import CaseDuty


@dataclass(frozen=True)
class Asked:
    """One duty that a standing firing asks for."""

    student_id: UUID
    rule_id: str
    window: str
    ordinal: int
    trigger: date
    do: str
    to: str
    due: date | None
    #: [[why, about], …]
    blocked: Sequence[Sequence[str]]
    for_person: bool

    @classmethod
    def of(cls, student_id: UUID, firing: Firing) -> Iterator[Self]:
        """What a firing asks for. A person decides where the law says so, or the student is in an excluded group."""
        for duty, due in firing.duties:
            yield cls(
                student_id=student_id,
                rule_id=firing.rule.id,
                window=firing.window,
                ordinal=firing.ordinal,
                trigger=firing.trigger,
                do=duty.do,
                to=duty.to,
                due=due,
                blocked=[list(one) for one in firing.blocked],
                for_person=bool(duty.approve or firing.excluded),
            )


def follow_firings(students: Collection[UUID]) -> int:
    """Hold the duties of these students against all that stands for them. How many that opened, changed or ended."""
    told = as_array(map(str, students))
    return _follow(told, _run(_DAYS, {"students": told}).scalars(), _OF_FIRINGS, {})


def follow(students: Collection[UUID], asked: Iterable[Asked]) -> int:
    """The same where it is said what is asked for."""
    asked = list(asked)
    told = told_rows([asdict(one) for one in asked])
    return _follow(as_array(map(str, students)), {one.trigger for one in asked}, _AS_TOLD, {"asked": told})


class Following(NamedTuple):
    """The statements, by where they learn from what is asked for."""

    open_cases: TextClause
    open_or_change: TextClause
    gone: TextClause


def _follow(students: str, triggers: Iterable[date], source: Following, told: Mapping[str, Any]) -> int:
    db.session.flush()
    years = school_years(triggers)
    given = {
        "students": students,
        "days": list(years),
        "years": list(years.values()),
        "district": current_district_id(),
        "now": clock.now(),
        **told,
    }
    gone = _run(source.gone, given).scalars().all()
    changed = changed_rows(_run(_WITHDRAW, {"gone": gone})) if gone else 0
    if years:
        _run(source.open_cases, given)
        changed += changed_rows(_run(source.open_or_change, given))
    if changed:
        for known in db.session.identity_map.values():
            if isinstance(known, CaseDuty):
                db.session.expire(known)
        # One entry for a night: each duty tells by its firing why it is there.
        audit.noted("followed the firings", "case_duties", changed=changed)
    return changed


def _run(statement: TextClause, given: Mapping[str, Any]) -> CursorResult[Any]:
    return db.session.connection().execute(statement, given)


_DAYS: Final = text(
    """
    select distinct fired.trigger_day
    from unnest(cast(:students as uuid[])) as those (id)
    cross join lateral (
        select trigger_day from firings where student_id = those.id and state = 'standing' offset 0
    ) as fired
    """
)
_FIRED: Final = """
    asked as materialized (
        select distinct on (fired.student_id, fired.rule_id, fired.window_name, fired.ordinal, owed.do, owed.to)
            fired.student_id, fired.rule_id, fired.window_name as window, fired.ordinal, fired.trigger_day as trigger,
            owed.do, owed.to, coalesce(owed.due, date '9999-12-31') as by_day, fired.blocked,
            owed.approve <> '' or fired.excluded <> '[]' as for_person
        from unnest(cast(:students as uuid[])) as those (id)
        -- One by one: of a table that has just grown the planner would read all of the district.
        cross join lateral (
            select * from firings where student_id = those.id and state = 'standing' offset 0
        ) as fired
        cross join lateral (
            select one ->> 0 as do, one ->> 1 as to, cast(one ->> 2 as date) as due, one ->> 3 as approve, number
            from jsonb_array_elements(fired.duties) with ordinality as duties (one, number)
        ) as owed
        order by 1, 2, 3, 4, 6, 7, owed.number
    )
"""
_TOLD: Final = """
    asked as materialized (
        select distinct on (student_id, rule_id, "window", ordinal, "do", "to")
            student_id, rule_id, "window", ordinal, trigger, "do", "to", coalesce(due, date '9999-12-31') as by_day,
            blocked, for_person
        from jsonb_to_recordset(cast(:asked as jsonb)) as told (
            student_id uuid, rule_id text, "window" text, ordinal integer, trigger date, "do" text, "to" text, due date,
            blocked jsonb, for_person boolean
        )
    )
"""
_YEARS: Final = """
    years as materialized (
        select * from unnest(cast(:days as date[]), cast(:years as text[])) as years (day, year)
    )
"""
_OPEN_CASES: Final = f"""
    insert into attendance_cases (id, district_id, student_id, year, tier, made_at)
    select {UUID7}, :district, student_id, year, 1, :now
    from (
        select distinct asked.student_id, years.year from asked join years on years.day = asked.trigger
    ) as wanted
    on conflict do nothing
"""  # noqa: S608 - words of ours alone
# What is held back by lot stays so, until a person decides about the student.
_STAYS: Final = (
    "case when known.state = 'held back' and not excluded.for_person then 'held back' else 'open' end"
)
# What somebody has settled stays settled; a second worker that follows the same students opens none of them again.
_OPEN_OR_CHANGE: Final = f"""
    insert into case_duties as known (
        id, district_id, case_id, student_id, rule_id, "window", ordinal, "do", "to", state, reason, made_at,
        trigger, by_day, blocked, for_person
    )
    select {UUID7}, :district, opened.id, asked.student_id, asked.rule_id, asked.window, asked.ordinal,
        asked.do, asked.to, 'open', '', :now, asked.trigger, asked.by_day, asked.blocked, asked.for_person
    from asked
    join years on years.day = asked.trigger
    cross join lateral (
        select id from attendance_cases where student_id = asked.student_id and year = years.year offset 0
    ) as opened
    on conflict (district_id, student_id, rule_id, "window", ordinal, "do", "to") do update set
        state = {_STAYS}, trigger = excluded.trigger, by_day = excluded.by_day, blocked = excluded.blocked,
        for_person = excluded.for_person
    where known.state in ('open', 'withdrawn', 'held back')
        and (known.state, known.trigger, known.by_day, known.blocked, known.for_person)
            <> ({_STAYS}, excluded.trigger, excluded.by_day, excluded.blocked, excluded.for_person)
"""  # noqa: S608 - words of ours alone
_GONE: Final = """
    select held.id
    from unnest(cast(:students as uuid[])) as those (id)
    cross join lateral (
        select * from case_duties where student_id = those.id and state = 'open'
        union all
        select * from case_duties where student_id = those.id and state = 'held back'
        offset 0
    ) as held
    where not exists (
        select from asked
        where asked.student_id = held.student_id and asked.rule_id = held.rule_id and asked.window = held.window
            and asked.ordinal = held.ordinal and asked.do = held.do and asked.to = held.to
    )
"""
_WITHDRAW: Final = text(
    "update case_duties set state = 'withdrawn' where id = any(cast(:gone as uuid[])) "
    "and state in ('open', 'held back')"
)


def _by(asked: str) -> Following:
    with_years = f"with {asked}, {_YEARS}"
    return Following(
        text(with_years + _OPEN_CASES), text(with_years + _OPEN_OR_CHANGE), text(f"with {asked} {_GONE}")
    )


_OF_FIRINGS: Final = _by(_FIRED)
_AS_TOLD: Final = _by(_TOLD)
