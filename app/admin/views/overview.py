"""The admin's first page: where everything is kept."""

from flask.typing import ResponseReturnValue

from app.admin.actions import opening_day
from app.admin.permissions import RULES, May
from app.auth.models.sealed_account import SealedAccount
from app.core import alarms, expiring
from app.core.room import Doors
from app.notices.actions import recalling
from app.register.actions import connectors as attendance_connectors
from app.register.models.register_connection import RegisterConnection
from app.roster.actions.connectors import CONNECTORS
from app.roster.models.roster_connection import RosterConnection
from app.roster.models.roster_import import RosterImport
from app.web.guard import allow
from app.web.page import page

doors = Doors()


@doors.get("/admin")
@allow(May.SEE_OVERVIEW, RULES)
def index() -> ResponseReturnValue:
    """What is wrong, what is missing, and the way to each setting."""
    today = expiring.today()
    missing = [step for step in opening_day.steps() if not step.is_done]
    sealed = SealedAccount.of_district()
    return page(
        "admin/overview.html",
        missing=missing,
        alarms=alarms.of_this_district(),
        connections=[one for one in RosterConnection.all() if one.failing],
        attendance=[one for one in RegisterConnection.all() if one.failing],
        attendance_services={kind: one.service for kind, one in attendance_connectors.CONNECTORS.items()},
        ending=[one for one in expiring.all_expiring() if one.ends_soon(today)],
        waiting=RosterImport.waiting(),
        services={kind: one.service for kind, one in CONNECTORS.items()},
        today=today,
        past_due=recalling.past_due(),
        seal_is_broken=sealed is not None and not sealed.holds,
    )
