"""The audit log: who did what, when, to which thing."""

from collections.abc import Callable
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from flask import request, url_for
from flask.typing import ResponseReturnValue

from app.admin.models.audit_page import Asked, audit_page
from app.admin.permissions import RULES, May
from app.auth.models.account import Account
from app.auth.models.audit_lines import THINGS
from app.core.db import db
from app.core.room import Doors
from app.web.district import here
from app.web.guard import allow
from app.web.page import page

doors = Doors()

T = TypeVar("T")


@doors.get("/admin/audit")
@allow(May.SEE_AUDIT, RULES)
def index() -> ResponseReturnValue:
    """Newest first; by person, day and kind of thing."""
    given = {name: request.args.get(name, "").strip() for name in ("by", "day", "what")}
    card = here()
    found = audit_page(_asked(given), card.zone if card else "UTC")
    kept: dict[str, Any] = {name: value for name, value in given.items() if value}
    return page(
        "admin/audit.html",
        block="results",
        found=found,
        given=given,
        people=list(db.session.scalars(Account.by_name())),
        things=sorted(THINGS.items(), key=lambda item: item[1]),
        older=url_for("admin.audit_index", **kept, before=found.older) if found.older else None,
        newest=url_for("admin.audit_index", **kept) if request.args.get("before") else None,
    )


def _asked(given: dict[str, str]) -> Asked:
    return Asked(
        by=_read(UUID, given["by"]),
        day=_read(_a_day, given["day"]),
        what=given["what"] if given["what"] in THINGS else "",
        before=_read(_a_position, request.args.get("before", "")),
    )


def _a_day(text: str) -> date:
    day = date.fromisoformat(text)
    if not 2000 <= day.year <= 2100:
        raise ValueError("There was no audit log then.")
    return day


def _a_position(text: str) -> int:
    position = int(text)
    if not 0 <= position < 2**63:
        raise ValueError("No entry stands there.")
    return position


def _read(reader: Callable[[str], T], text: str) -> T | None:
    try:
        return reader(text) if text else None
    except ValueError:
        return None
