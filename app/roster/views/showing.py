"""What several doors of the roster say alike."""

from typing import Any

from app.roster.actions.guardians import Rights
from app.roster.forms import NewGuardianForm, RightsForm
from app.roster.models.guardian_right import RIGHTS
from app.roster.models.reaching import COUNTRY_OF
from app.web import district

_SAID: dict[str, bool | None] = {"yes": True, "no": False, "": None}


def said_rights(form: RightsForm | NewGuardianForm) -> Rights:
    """The five facts as they were chosen, and what the court order says."""
    return Rights(holds={name: _SAID[form[name].data or ""] for name in RIGHTS}, note=form.note.data or "")


def chosen(holds: Any) -> str:
    """The other way: as a form shows what holds."""
    return {True: "yes", False: "no"}.get(holds, "")


def country_here() -> str:
    """From which country this district dials and posts."""
    card = district.here()
    return COUNTRY_OF[card.region if card else "us"]
