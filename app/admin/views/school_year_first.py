"""The first school year of a district: it runs already, and moves nobody."""

from flask import url_for
from flask.typing import ResponseReturnValue

from app.admin.forms.school_years import YearForm
from app.admin.permissions import RULES, May
from app.admin.views.school_years import listed
from app.core.room import Doors
from app.roster.actions import school_years
from app.roster.actions.refused import Refused
from app.web.guard import allow
from app.web.page import done

doors = Doors()


@doors.post("/admin/school-years/first")
@allow(May.KEEP_SCHOOL_YEARS, RULES, paper=YearForm)
def create() -> ResponseReturnValue:
    """Write it down. It is asked for on the list of all, while that is empty."""
    form = YearForm.filled()
    if form.validate():
        try:
            year = school_years.write_down_first(form.days(), once=form.key)
        except Refused as refused:
            form.refuse(refused.sentence)
        else:
            sentence = f"{year.name} is written down. Nobody was moved."
            return done(sentence, url_for("admin.school_years_index"))
    return listed(form, 422)
