"""The lines before a notice in English: each beside the English one, and who of the district checked them."""

from flask import Response, abort, url_for
from flask.typing import ResponseReturnValue

from app.core.permissions import permits
from app.core.room import Doors
from app.family.forms import FamilyWordsForm
from app.family.models.tagline import TAGLINES, Tagline
from app.family.models.words_approval import WordsApproval
from app.family.permissions import RULES, May
from app.roster.models.language import ENGLISH
from app.web.guard import allow, me
from app.web.page import done, page

doors = Doors()


@doors.get("/attendance/family-page/taglines/<tag>")
@allow(May.SEE_FAMILY_PAGE, RULES)
def show(tag: str) -> ResponseReturnValue:
    """Those of one language."""
    return _shown(_tagline(tag))


@doors.post("/attendance/family-page/taglines/<tag>/approval")
@allow(May.APPROVE_WORDS, RULES, paper=FamilyWordsForm)
def approve(tag: str) -> ResponseReturnValue:
    """Somebody who reads it checked these very lines: they may stand before a notice in English."""
    tagline, form = _tagline(tag), FamilyWordsForm.filled()
    if not form.validate():
        return _shown(tagline, form, 422)
    WordsApproval.give(tagline, form.checked_by.data.strip(), by=me())
    said = f"Notices in English may go to families who read {tagline.language.english} with these lines now."
    return done(said, url_for("family.taglines_show", tag=tag))


@doors.post("/attendance/family-page/taglines/<tag>/withdrawal")
@allow(May.APPROVE_WORDS, RULES)
def withdraw(tag: str) -> ResponseReturnValue:
    """No notice leaves with them any more."""
    tagline = _tagline(tag)
    WordsApproval.take_back(tagline)
    said = f"No notice leaves with the lines in {tagline.language.english} any more."
    return done(said, url_for("family.taglines_show", tag=tag))


def _tagline(tag: str) -> Tagline:
    if tag == ENGLISH or tag not in TAGLINES:
        abort(404)
    return TAGLINES[tag]


def _shown(tagline: Tagline, form: FamilyWordsForm | None = None, status: int = 200) -> Response:
    approval = WordsApproval.of(tagline)
    may_approve = permits(RULES, May.APPROVE_WORDS, me())
    return page(
        "family/tagline.html",
        status=status,
        tagline=tagline,
        english=TAGLINES[ENGLISH],
        approval=approval,
        may_withdraw=may_approve and approval is not None,
        form=(form or FamilyWordsForm.filled()) if may_approve and approval is None else None,
    )
