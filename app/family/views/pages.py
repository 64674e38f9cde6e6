"""The page that a family opens by its link, and what it sends from there. Outside every district's slug.

Opening it changes nothing but "opened": programs that look at links in mail open it too. The address holds a secret:
it is in no log, no metric and no referrer, no other site is named on the page, and no script runs on it.
"""

from flask import Response, abort, make_response, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from app.auth.actions import trying
from app.auth.actions.refused import MustWait
from app.core import clock, shown
from app.core.db import uuid7
from app.core.directory import DistrictCard, district_by_slug
from app.core.room import Doors
from app.core.settings import MEGABYTE
from app.core.tenancy import enter_district
from app.family.actions import answering, linking
from app.family.actions.answering import LARGEST_FILE, Sent, Upload
from app.family.actions.refused import NotTaken
from app.family.forms import PAPERS, FamilyPaper
from app.family.models.absences import absences_of
from app.family.models.catalogue import CATALOGUES, ENGLISH, Catalogue
from app.family.models.family_answer import LONGEST_TEXT, STOP, WAYS, FamilyAnswer
from app.family.models.family_link import FamilyLink
from app.family.models.family_office import FamilyOffice
from app.family.models.words_approval import may_be_shown
from app.roster.models.contact import MOBILE, Contact
from app.roster.models.language import LANGUAGES
from app.roster.models.school import School
from app.web.guard import anyone
from app.web.page import go, page

doors = Doors()

#: Beside the file: the words, and what a browser writes around them.
ROOM_FOR_WORDS = 200_000


@doors.get("/f/<slug>/<token>")
@anyone
def show(slug: str, token: str) -> ResponseReturnValue:
    """The page, while the link works."""
    link, card = _find(slug, token)
    if not _is_a_look():
        linking.opened(link)
    return _shown(link, card)


@doors.get("/f/<slug>/<token>/unsubscribe")
@anyone
def about_unsubscribing(slug: str, token: str) -> ResponseReturnValue:
    """A person who follows the address comes to the page; only a mail program's POST ends anything."""
    return go(url_for("family.pages_show", slug=slug, token=token))


@doors.post("/f/<slug>/<token>/unsubscribe")
@anyone
def unsubscribe(slug: str, token: str) -> ResponseReturnValue:
    """One click in a mail program (RFC 8058): no more email to the address to which this link was sent.

    It counts while the link is known, whether it opens the page or not: who left still reads mail.
    """
    link, _ = _known(slug, token)
    if request.form.get("List-Unsubscribe") != "One-Click":
        abort(422)
    linking.unsubscribe(link)
    return _sealed(make_response("No more email is sent to this address.", 200))


@doors.post("/f/<slug>/<token>/<kind>")
@anyone
def answer(slug: str, token: str, kind: str) -> ResponseReturnValue:
    """What they sent, once."""
    link, card = _find(slug, token)
    if kind not in PAPERS:
        abort(404)
    request.max_content_length = LARGEST_FILE + ROOM_FOR_WORDS
    try:
        form = PAPERS[kind]()
    except RequestEntityTooLarge:
        return _shown(link, card, 413, kind, PAPERS[kind](None), "e_size")
    if card.state != "open":
        return _shown(link, card, 422, kind, form, "e_closed")
    if not form.validate():
        return _shown(link, card, 422, kind, form, "e_stale" if form.form_errors else "")
    words = _words(link)
    try:
        answering.send(link, kind, _sent(form, words), once=form.once.data or uuid7())
    except NotTaken as refused:
        return _shown(link, card, 429 if refused.key == "e_often" else 422, kind, form, refused.key)
    address = url_for("family.pages_show", slug=slug, token=token, l=words.tag, done=kind)
    return go(f"{address}#done")


def _find(slug: str, token: str) -> tuple[FamilyLink, DistrictCard]:
    """The link, if it opens; else the page that says so, the same whatever the reason."""
    link, card = _known(slug, token)
    if linking.why_shut(link):
        abort(_gone(card, link=link))
    return link, card


def _known(slug: str, token: str) -> tuple[FamilyLink, DistrictCard]:
    """The link, whether it still opens or not."""
    card = district_by_slug(slug)
    if card is None or card.state in ("preparing", "gone"):
        abort(_gone(None))
    enter_district(card.id)
    link = FamilyLink.with_token(token)
    if link is None:
        try:
            trying.counted("family link", token[:64], request.remote_addr or "")
        except MustWait as wait:
            answer = _gone(card, 429)
            answer.headers["Retry-After"] = str(wait.seconds)
            abort(answer)
        abort(_gone(card))
    return link, card


def _is_a_look() -> bool:
    """A browser that fetches ahead says so; nobody has opened anything yet."""
    purpose = request.headers.get("Sec-Purpose", request.headers.get("Purpose", ""))
    return request.method == "HEAD" or "prefetch" in purpose


def _gone(card: DistrictCard | None, status: int = 410, link: FamilyLink | None = None) -> Response:
    """No school and no name: whoever holds a link that is shut may be somebody who must not know them."""
    words = _words(link) if link is not None else CATALOGUES[ENGLISH]
    office = FamilyOffice.own(None) if card is not None else None
    return _sealed(page("family/gone.html", status=status, words=words, card=card, office=office))


def _shown(
    link: FamilyLink,
    card: DistrictCard,
    status: int = 200,
    kind: str = "",
    form: FamilyPaper | None = None,
    error: str = "",
) -> Response:
    student, words = link.student, _words(link)
    school = School.find(student.school_id) if student.school_id else None
    forms = {
        name: form if name == kind and form is not None else paper(None) for name, paper in PAPERS.items()
    }
    if not any(one.kind == MOBILE and one.is_wanted for one in Contact.of_guardians([link.guardian_id])):
        del forms[STOP]
    offices = FamilyOffice.written()
    own = [offices[id] for id in (student.school_id, None) if id in offices]
    errors = [error] if error else [key for field in form or () for key in field.errors]
    answer = page(
        "family/page.html",
        status=status,
        link=link,
        card=card,
        student=student,
        school=school,
        words=words,
        others=[one for one in may_be_shown().values() if one is not words],
        wanted=LANGUAGES[link.guardian.language],
        said=shown.passages(link.about_kind, link.about_id),
        absences=absences_of(student),
        phone=next((one.phone for one in own if one.phone), ""),
        hours=next((one.hours for one in own if one.hours), ""),
        offers=next((one.offers for one in own if one.offers), ""),
        forms=forms,
        tongues=[(tag, one.name, tag) for tag, one in LANGUAGES.items()],
        ways=[(way, words.say(way), "") for way in WAYS],
        receipt=FamilyAnswer.receipt_of(link.id),
        local_day=lambda at: clock.local(at, (school or card).zone_name).date(),
        failed_kind=kind,
        errors=list(dict.fromkeys(errors)),
        filled={"size": LARGEST_FILE // MEGABYTE, "most": LONGEST_TEXT},
        done=request.args.get("done", "") if status == 200 else "",
        address=lambda what: url_for(
            "family.pages_answer", slug=card.slug, token=link.token, kind=what, l=words.tag
        ),
        here=lambda tag: url_for("family.pages_show", slug=card.slug, token=link.token, l=tag),
    )
    return _sealed(answer)


def _words(link: FamilyLink) -> Catalogue:
    """The language that they chose on the page, else the guardian's; English where nobody checked it yet."""
    asked = request.args.get("l", "") or link.guardian.language
    return CATALOGUES[ENGLISH] if asked == ENGLISH else may_be_shown().get(asked, CATALOGUES[ENGLISH])


def _sent(form: FamilyPaper, words: Catalogue) -> Sent:
    filled = form.data
    file = filled.get("file")
    return Sent(
        text=(filled.get("text") or "").strip(),
        language=filled.get("language") or "",
        way=filled.get("way") or "",
        upload=Upload(file.filename, file.read()) if file and file.filename else None,
        read_in=words.tag,
    )


def _sealed(answer: Response) -> Response:
    """The address goes nowhere. Not "no-referrer", under which a browser sends a form without saying where from."""
    answer.headers["Referrer-Policy"] = "strict-origin"
    answer.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    answer.headers["Cache-Control"] = "no-store"
    return answer
