"""Which deadlines hold after a notice reached the wrong person: an admin says so, and counsel confirms them."""

from datetime import date
from typing import Final

from app.core import clock
from app.core.db import db
from app.notices.actions.refused import Refused
from app.notices.law import deadlines
from app.notices.models.incident_setting import IncidentSetting, card_of_district

STILL_TO_COME: Final = "The day of the confirmation is still to come. Write the day on which it was given."


def set_up(*, state: str, by_contract: bool, own_hours: int | None, own_words: str) -> IncidentSetting:
    """Say it anew. What reads otherwise than counsel confirmed is unconfirmed again by itself."""
    setting = IncidentSetting.of_this_district()
    setting.state = state if setting.region == "us" else ""
    setting.by_contract = by_contract
    setting.own_hours, setting.own_words = own_hours, own_words.strip() if own_hours is not None else ""
    db.session.add(setting)
    db.session.flush()
    return setting


def confirm(counsel: str, on: date) -> None:
    """Write down that counsel confirmed the deadlines as they read now. Raises Refused."""
    if on > clock.local(clock.now(), card_of_district().zone).date():
        raise Refused(STILL_TO_COME)
    setting = IncidentSetting.of_this_district()
    setting.counsel, setting.confirmed_on = counsel.strip(), on
    setting.confirmed_digest = deadlines.digest(setting.deadlines)
    db.session.add(setting)
    db.session.flush()
