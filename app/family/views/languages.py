"""The languages of the family page: each word beside the English one, and who of the district checked them."""

from flask import Response, abort, url_for
from flask.typing import ResponseReturnValue

from app.core.permissions import permits
from app.core.room import Doors
from app.family.forms import FamilyWordsForm
from app.family.models.catalogue import CATALOGUES, ENGLISH, Catalogue
from app.family.models.words_approval import WordsApproval
from app.family.permissions import RULES, May
from app.web.guard import allow, me
from app.web.page import done, page

doors = Doors()


@doors.get("/attendance/family-page/languages/<tag>")
@allow(May.SEE_FAMILY_PAGE, RULES)
def show(tag: str) -> ResponseReturnValue:
    """All the words of one language."""
    return _shown(_catalogue(tag))


@doors.post("/attendance/family-page/languages/<tag>/approval")
@allow(May.APPROVE_WORDS, RULES, paper=FamilyWordsForm)
def approve(tag: str) -> ResponseReturnValue:
    """Somebody who reads it checked these very words: families may have the page in it."""
    catalogue, form = _catalogue(tag), FamilyWordsForm.filled()
    if not form.validate():
        return _shown(catalogue, form, 422)
    WordsApproval.give(catalogue, form.checked_by.data.strip(), by=me())
    said = f"Families may have the page in {catalogue.language.english} now."
    return done(said, url_for("family.languages_show", tag=tag))


@doors.post("/attendance/family-page/languages/<tag>/withdrawal")
@allow(May.APPROVE_WORDS, RULES)
def withdraw(tag: str) -> ResponseReturnValue:
    """The page is in English again for families of that language."""
    catalogue = _catalogue(tag)
    WordsApproval.take_back(catalogue)
    said = f"The page is no longer shown in {catalogue.language.english}."
    return done(said, url_for("family.languages_show", tag=tag))


def _catalogue(tag: str) -> Catalogue:
    if tag == ENGLISH or tag not in CATALOGUES:
        abort(404)
    return CATALOGUES[tag]


def _shown(catalogue: Catalogue, form: FamilyWordsForm | None = None, status: int = 200) -> Response:
    approval = WordsApproval.of(catalogue)
    may_approve = permits(RULES, May.APPROVE_WORDS, me())
    return page(
        "family/language.html",
        status=status,
        catalogue=catalogue,
        english=CATALOGUES[ENGLISH],
        approval=approval,
        may_withdraw=may_approve and approval is not None,
        form=(form or FamilyWordsForm.filled()) if may_approve and approval is None else None,
    )
