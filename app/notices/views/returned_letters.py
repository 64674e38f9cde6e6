"""Letters that came back: the code is typed or scanned, and the notice says so."""

from flask import url_for
from flask.typing import ResponseReturnValue

from app.core.db import db
from app.core.permissions import permits
from app.core.room import Doors
from app.notices.actions import collating
from app.notices.actions.collating import NO_SUCH_CODE
from app.notices.actions.refused import Refused
from app.notices.forms.returns import RETURNED, ReturnForm
from app.notices.models.notice import Notice, State
from app.notices.permissions import RULES, May, schools_written_from
from app.web.guard import allow, me
from app.web.page import done, page

doors = Doors()

ON_A_PAGE = 100


@doors.get("/returned-letters")
@allow(May.TAKE_IN_RETURNED, RULES)
def index() -> ResponseReturnValue:
    """Those that came back, and the field for the next."""
    return _page(ReturnForm.filled())


@doors.post("/returned-letters")
@allow(May.TAKE_IN_RETURNED, RULES, paper=ReturnForm)
def create() -> ResponseReturnValue:
    """One came back."""
    form = ReturnForm.filled()
    if not form.validate():
        return _page(form, 422)
    notice = Notice.coded(form.code.data or "")
    if notice is None or not permits(RULES, May.APPROVE_NOTICE, me(), notice):
        form.refuse(NO_SUCH_CODE)
        return _page(form, 422)
    try:
        collating.take_back(notice, f"{RETURNED[form.reason.data]}.")
    except Refused as refused:
        form.refuse(refused.sentence)
        return _page(form, 422)
    return done(
        f"The letter {notice.code} is taken in. Ask the family for their address, and write to them anew.",
        url_for("notices.returned_letters_index"),
    )


def _page(form: ReturnForm, status: int = 200) -> ResponseReturnValue:
    found = Notice.in_states((State.RETURNED,), schools_written_from(me())).limit(ON_A_PAGE)
    return page(
        "notices/returned_letters.html", status=status, form=form, notices=db.session.scalars(found).all()
    )
