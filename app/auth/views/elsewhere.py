"""Signing in with Google or Microsoft: the door out, and the door that people come back through."""

from uuid import UUID

from flask import Response, abort, request, url_for
from flask.typing import ResponseReturnValue

from app.auth.actions import signing_in_elsewhere
from app.auth.actions.refused import Held, MustWait, Refused
from app.auth.actions.signing_in_elsewhere import Return
from app.auth.forms import ElsewhereForm
from app.auth.views import second_step
from app.auth.views.sign_in import NOT_SAFE
from app.core import sessions as rows
from app.core.room import Doors
from app.integrations.openid.exchange import Answer
from app.integrations.openid.providers import PROVIDERS
from app.web import drafts, errand, sessions
from app.web.guard import FACTORS, anyone, local_path, visitor
from app.web.page import done, go, page

doors = Doors()


@doors.post("/sign-in/<word>")
@anyone
def create(word: str) -> ResponseReturnValue:
    """Send this browser to the provider; a draft that came along is kept for its author."""
    form = ElsewhereForm()
    if word not in PROVIDERS:
        abort(404)
    if not form.validate():
        return refused(str(form.form_errors[0]))
    return leave(word, go_on=local_path(drafts.keep_for_its_author()) or local_path(form.next.data) or "")


@doors.get("/sign-in/<word>/callback")
@anyone
def callback(word: str) -> ResponseReturnValue:
    """Whoever comes back is signed in, held, or told why not. The state counts once, so a GET may act on it."""
    if word not in PROVIDERS:
        abort(404)
    try:
        back = signing_in_elsewhere.finish(_came(word))
    except Held as held:
        return page("auth/held.html", status=403, sentence=held.sentence)
    except MustWait as refusal:
        answer = refused(refusal.sentence, 429)
        answer.headers["Retry-After"] = str(refusal.seconds)
        return answer
    except Refused as refusal:
        return refused(refusal.sentence)
    if back.confirmed:
        rows.confirm(sessions.this_session(), through=word)
        return go(request.script_root + (local_path(back.go_on) or FACTORS))
    if back.added:
        return done(f"You can sign in with {back.added} from now on.", url_for("auth.ways_in_index"))
    return second_step.let_in(back.account, local_path(back.go_on) or "/", through=word)


def leave(word: str, *, go_on: str = "", account_id: UUID | None = None, confirms: bool = False) -> Response:
    """A page that goes on to the provider by itself. `account_id`, `confirms`: as signing_in_elsewhere.begin().

    No redirect: a browser would hold it against form-action, and a provider may send people on to their own
    school's server, which nobody here knows.
    """
    if not sessions.can_be_kept():
        return refused(NOT_SAFE)
    browser = errand.word()
    try:
        address = signing_in_elsewhere.begin(
            word,
            browser=browser,
            address=request.remote_addr or "",
            go_on=go_on,
            account_id=account_id,
            confirms=confirms,
        )
    except Refused as refusal:
        return refused(refusal.sentence)
    answer = page("auth/going_on.html", name=PROVIDERS[word].name, address=address)
    answer.headers["Refresh"] = f"0; url={address}"
    errand.keep(answer, browser)
    return answer


def refused(sentence: str, status: int = 422) -> Response:
    """Nobody was signed in, and why."""
    return page("auth/not_from_elsewhere.html", status=status, sentence=sentence, failed=True)


def _came(word: str) -> Return:
    # RFC 6749 §3.1: nothing comes twice. What does is nothing that a provider sent.
    given = {name: values[0] for name, values in request.args.lists() if len(values) == 1}
    return Return(
        word=word,
        state=given.get("state", ""),
        answer=Answer(code=given.get("code", ""), error=given.get("error", ""), issuer=given.get("iss", "")),
        browser=errand.known(),
        address=request.remote_addr or "",
        signed_in=visitor(),
    )
