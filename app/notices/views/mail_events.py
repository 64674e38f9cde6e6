"""The door at which Mailgun tells what became of a mail. Outside every district's pages.

Without a fresh signature under the district's own key it is the same 403, whatever else is wrong.
"""

from flask import abort, request
from flask.typing import ResponseReturnValue

from app.core.actor import SYSTEM, acting_as
from app.core.db import db
from app.core.directory import district_by_slug
from app.core.room import Doors
from app.core.tenancy import as_district
from app.integrations.mailgun import hearing
from app.notices.actions import returns
from app.notices.models.mail_setting import MailSetting
from app.web.guard import anyone

doors = Doors()

#: Districts in these states hear nothing: what they had is going, or gone.
DEAF = frozenset({"closing", "gone"})
NOT_SIGNED = "This is not signed with the key of this district, or too long ago."


@doors.post("/in/mailgun/<slug>/events")
@anyone
def hear(slug: str) -> ResponseReturnValue:
    """It came back, it is late, or its reader took it for spam. Told twice it counts once."""
    card = district_by_slug(slug)
    if card is None or card.state in DEAF or (request.content_length or 0) > hearing.LARGEST:
        abort(403, NOT_SIGNED)
    said = request.get_json(silent=True)
    with as_district(card.id), acting_as(SYSTEM):
        setting = MailSetting.of_this_district()
        if not hearing.is_from_mailgun((setting.signing_key or "") if setting else "", said):
            abort(403, NOT_SIGNED)
        event = hearing.event(said)
        if event is not None:
            returns.take_event(event)
            db.session.commit()
    return "", 204
