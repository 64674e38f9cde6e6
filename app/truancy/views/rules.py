"""The statutory rules that we ship: cited, dated, read-only; and which of them the district uses."""

from collections import Counter

from flask import abort
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from app.core.db import db
from app.core.expiring import today
from app.core.room import Doors
from app.truancy.law import words
from app.truancy.law.overlay import text_sha256
from app.truancy.law.packs import NAMES, pack, places
from app.truancy.models.counsel_confirmation import CounselConfirmation
from app.truancy.models.rule_activation import ACTIVE, PROPOSED, RuleActivation, place_of
from app.truancy.permissions import RULES, May
from app.web.guard import allow
from app.web.page import page

doors = Doors()


@doors.get("/attendance/rules")
@allow(May.SEE_RULES, RULES)
def index() -> ResponseReturnValue:
    """The places whose rules are here, and how many of each are in use."""
    standing = _standing()
    counts = {state: Counter(place_of(one.rule_id) for one in standing[state].values()) for state in standing}
    return page(
        "truancy/rules.html",
        packs=[(place, NAMES[place], pack(place)) for place in places()],
        in_use=counts[ACTIVE],
        proposed=counts[PROPOSED],
    )


@doors.get("/attendance/rules/<place>")
@allow(May.SEE_RULES, RULES)
def show(place: str) -> ResponseReturnValue:
    """The rules of one place, each in plain words, with its citation and where it stands here."""
    if place not in places():
        abort(404)
    rules, standing = pack(place), _standing()
    confirmed = CounselConfirmation.by_text()
    return page(
        "truancy/rule_pack.html",
        name=NAMES[place],
        rules=[(rule, confirmed.get(text_sha256(rule))) for rule in rules],
        in_use=standing[ACTIVE],
        proposed=standing[PROPOSED],
        words=words,
        today=today(),
    )


def _standing() -> dict[str, dict[str, RuleActivation]]:
    """What is in use and what is proposed, by rule."""
    asked = select(RuleActivation).where(RuleActivation.state.in_((ACTIVE, PROPOSED)))
    found: dict[str, dict[str, RuleActivation]] = {ACTIVE: {}, PROPOSED: {}}
    for one in db.session.scalars(asked):
        found[one.state][one.rule_id] = one
    return found
