"""Before the record of an import is cleared: which of the marks that it brought a firing stands on.

The rows of an import are millions and go after 30 days. A court asks later; so of those behind a firing it is kept
which import brought them, when, by whom or from which system, and the hash of what came.
"""

from datetime import datetime
from typing import Final

from sqlalchemy import text

from app.core.db import db
from app.core.tenancy import current_district_id
from app.register.models.import_school import ImportSchool
from app.register.models.register_import import RegisterImport
from app.truancy.models.evidence_import import EvidenceImport


def keep_origins(ended_before: datetime) -> int:
    """Of all imports that were over before that moment, the oldest first. How many marks were written down."""
    return sum(
        _kept_of(run) for run in sorted(RegisterImport.ended_before(ended_before), key=lambda one: one.id)
    )


def _kept_of(run: RegisterImport) -> int:
    applied = [one.school_id for one in ImportSchool.of(run.id) if one.applied_at is not None]
    if not applied:
        return 0
    line = EvidenceImport.of(run)
    kept = 0
    for school_id in applied:
        given = {"district": current_district_id(), "import": run.id, "school": school_id}
        kept += db.session.connection().execute(_KEEP, given).rowcount
    if not kept:
        db.session.delete(line)
        db.session.flush()
    return kept


# One student after the other: what all firings stand on would be read for each school. A later import that said the
# same again is the one that is told, as it is while its own record is there.
_KEEP: Final = text(
    """
    with said as materialized (
        select student_id, day, slot, code from register_mark_changes
        where import_id = :import and school_id = :school and what <> 'vanished'
    )
    insert into mark_origins (district_id, student_id, day, slot, code, import_id)
    select distinct cast(:district as uuid), said.student_id, said.day, said.slot, said.code, cast(:import as uuid)
    from (select distinct student_id from said) as those
    cross join lateral (select marks from firings where student_id = those.student_id offset 0) as firing
    cross join lateral json_array_elements(firing.marks) as mark
    join said on said.student_id = those.student_id and said.day = (mark ->> 0)::date
        and said.slot = mark ->> 1 and said.code = mark ->> 2
    on conflict (district_id, student_id, day, slot, code) do update set import_id = excluded.import_id
    """
)
