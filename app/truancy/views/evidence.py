"""What is behind a firing and its notices, on one page: for whoever is asked why, by a parent or a board."""

from typing import Final

from flask import url_for
from flask.typing import ResponseReturnValue

from app.core import audit, clock
from app.core.permissions import permits
from app.core.room import Doors
from app.notices.permissions import RULES as NOTICE_RULES
from app.notices.permissions import May as MayOfNotices
from app.register.permissions import RULES as REGISTER_RULES
from app.register.permissions import May as MayOfRegister
from app.roster.models.school import School
from app.truancy.actions import owing
from app.truancy.actions.evidencing import evidence_of
from app.truancy.law import words
from app.truancy.law.firing import Blocked
from app.truancy.models.case_duty import CaseDuty
from app.truancy.models.evidence_marks import slot_in_words
from app.truancy.models.firing import Firing
from app.truancy.models.rule_activation import place_of
from app.truancy.permissions import RULES, May
from app.web.guard import allow, me
from app.web.page import done, go, page

doors = Doors()

NOTHING_FIRED: Final = "No rule stands behind this line: somebody opened it by hand."


@doors.get("/attendance/firings/<uuid:id>")
@allow(May.SEE_EVIDENCE, RULES, of=Firing)
def show(firing: Firing) -> ResponseReturnValue:
    """One firing, standing or taken back. Leaves an access record at the student."""
    student = firing.student
    audit.viewed(student)
    evidence, decides = evidence_of(firing), permits(RULES, May.DECIDE, me(), firing)
    return page(
        "truancy/evidence.html",
        evidence=evidence,
        firing=firing,
        student=student,
        school=School.find(student.school_id) if student.school_id else None,
        place=place_of(firing.rule_id),
        words=words,
        slot_in_words=slot_in_words,
        in_the_way=_in_the_way(firing, decides=decides),
        excluded=_excluded(firing, decides=decides),
        seen_notices={
            one.notice.id
            for one in evidence.trails
            if permits(NOTICE_RULES, MayOfNotices.SEE_NOTICE, me(), one.notice)
        },
        may_see_imports=permits(REGISTER_RULES, MayOfRegister.BRING_IN, me()),
        now=clock.now(),
    )


def _in_the_way(firing: Firing, *, decides: bool) -> str:
    blocks = [Blocked(why, about) for why, about in firing.blocked]
    return " ".join(words.why_blocked(one) for one in blocks if decides or one.why != "excluded")


def _excluded(firing: Firing, *, decides: bool) -> str:
    """Why a person decides. In which group a student is, those know who decide about them."""
    if not firing.excluded:
        return ""
    groups = ", ".join(words.FLAGS[one] for one in firing.excluded)
    return f"the student is {groups}." if decides else "counselor and principal know why."


@doors.get("/attendance/duties/<uuid:id>/evidence")
@allow(May.SEE_CASE, RULES, of=CaseDuty)
def of_duty(duty: CaseDuty) -> ResponseReturnValue:
    """To the firing that a line of the morning list follows from."""
    firing = owing.firing_of(duty)
    if firing is None:
        return done(NOTHING_FIRED, url_for("truancy.cases_show", id=duty.case_id), tone="warn")
    return go(url_for("truancy.evidence_show", id=firing.id))
