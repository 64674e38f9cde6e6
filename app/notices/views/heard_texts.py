"""The doors at which Twilio tells: what became of a text, and what somebody answered. Outside every district's pages.

Without the signature of the district's own account each is the same 403, whatever else is wrong.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from flask import Response, abort, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from app.core.actor import SYSTEM, acting_as
from app.core.db import db
from app.core.directory import district_by_slug
from app.core.room import Doors
from app.core.settings import get_settings
from app.core.tenancy import as_district
from app.integrations.twilio import hearing
from app.integrations.twilio.client import Posted
from app.notices.actions import text_news
from app.notices.models.text_setting import TextSetting
from app.web.guard import anyone

doors = Doors()

#: Districts in these states hear nothing: what they had is going, or gone.
DEAF = frozenset({"closing", "gone"})
NOT_SIGNED = "This is not signed by the account that this district has at Twilio."


@doors.post("/in/twilio/<slug>/statuses/<text>")
@anyone
def status(slug: str, text: str) -> ResponseReturnValue:
    """What became of a text. The address names it, so that it is known even if Twilio's first answer was lost."""
    with _signed_for(slug):
        news = hearing.news(request.form)
        if news is not None and _is_id(text):
            text_news.take(UUID(text), Posted(news.sid, news.status, news.code))
            db.session.commit()
    return "", 204


@doors.post("/in/twilio/<slug>/messages")
@anyone
def message(slug: str) -> ResponseReturnValue:
    """Somebody answered. STOP and START count at once; the answer is in Twilio's own markup (TwiML)."""
    words = ""
    with _signed_for(slug):
        answered = hearing.answered(request.form)
        if answered is not None:
            words = text_news.answer(answered)
            db.session.commit()
    said = Markup("<Message>{}</Message>").format(words) if words else ""
    return Response(Markup("<Response>{}</Response>").format(said), mimetype="text/xml")


@contextmanager
def _signed_for(slug: str) -> Iterator[None]:
    """Within the district of that name, once Twilio has shown that it is Twilio."""
    card = district_by_slug(slug)
    if card is None or card.state in DEAF:
        abort(403, NOT_SIGNED)
    with as_district(card.id), acting_as(SYSTEM):
        setting = TextSetting.of_this_district()
        token = (setting.auth_token or "") if setting else ""
        query = request.query_string.decode("ascii", "replace")
        address = get_settings().base_url + request.path + (f"?{query}" if query else "")
        signature = request.headers.get(hearing.SIGNATURE, "")
        if not hearing.is_from_twilio(token, address, request.form, signature):
            abort(403, NOT_SIGNED)
        yield


def _is_id(given: str) -> bool:
    try:
        UUID(given)
    except ValueError:
        return False
    return True
