"""Nothing that somebody wrote is lost when their session ends.

A form posted after the session died is answered with sign-in and, below it, what was written. Signing in
again as the same account keeps that as a draft and goes back to the form, filled; another account finds it
empty. A hidden `author` field, signed by us, says which account had the form before it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from flask import current_app, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import FileField, HiddenField, MultipleFileField, PasswordField, StringField, TextAreaField

from app.core import clock, drafts
from app.core.crypto import mac, mac_ok

LASTS: Final = timedelta(hours=24)
PREFIX: Final = "kept."
#: Fields of ours that say nothing of what was written.
NOT_WRITTEN: Final = frozenset({"csrf_token", "author"})
MOST: Final = 200_000

_PAPERS: dict[str, type[FlaskForm]] = {}
_sign_in_form: list[Callable[[], FlaskForm]] = []


@dataclass(frozen=True)
class KeptField:
    """One field as it was submitted. `kind`: text, textarea, choice or hidden."""

    name: str
    label: str
    kind: str
    values: list[str]


@dataclass(frozen=True)
class Kept:
    """A paper that waits for its author to sign in."""

    paper: str
    go_to: str
    author: str
    fields: list[KeptField] = field(default_factory=list)
    had_files: bool = False


def know(paper: type[FlaskForm]) -> None:
    """Papers are known by name, so that labels need not travel with the text."""
    _PAPERS[paper.__name__] = paper


def sign_in_form(make: Callable[[], FlaskForm]) -> None:
    """The sign-in room hands in its form: the hall may not reach up for it."""
    _sign_in_form[:] = [make]


def author_token() -> str:
    """Who has this form before them. Empty for nobody."""
    if not current_user.is_authenticated:
        return ""
    given_at, account = str(int(clock.now().timestamp())), current_user.id.hex
    return f"{account}.{given_at}.{mac('author', account, given_at)}"


def author_of(token: str | None) -> UUID | None:
    """Which account an author token names, if it is ours and of today."""
    account, _, rest = (token or "").partition(".")
    given_at, _, code = rest.partition(".")
    if not mac_ok(code, "author", account, given_at):
        return None
    is_fresh = clock.now().timestamp() - int(given_at) < LASTS.total_seconds()
    return UUID(hex=account) if is_fresh else None


def is_anothers_hand(token: str | None) -> bool:
    """True if it was typed into a form that we had shown to another account than the one signed in now."""
    if current_user.is_authenticated and (token or "").startswith(f"{current_user.id.hex}."):
        return False  # ours or not, it names nobody else
    return author_of(token) is not None


def is_known_hand() -> bool:
    """True if what was posted was typed into a form that we had shown to one of our accounts."""
    return author_of(request.form.get("author")) is not None


def is_my_hand() -> bool:
    """True if what was posted was typed into a form that we had shown to whoever is signed in now."""
    author = author_of(request.form.get("author"))
    return author is not None and current_user.is_authenticated and author == current_user.id


def sign_in_above(paper: type[FlaskForm]) -> ResponseReturnValue:
    """The same form, filled from the request, with sign-in above it. Nothing of anybody is read for it."""
    form = _sign_in_form[0]()
    kept = _as_submitted(paper, page_they_were_on(), prefix="")
    part = request.headers.get("HX-Request") == "true"
    template = "auth/_session_ended.html" if part else "auth/session_ended.html"
    # 422 is what htmx swaps in place of the form; a browser without it does not mind
    return make_response(render_template(template, form=form, kept=kept), 422)


def carried() -> Kept | None:
    """What a sign-in carries along, to be shown again if the password was wrong."""
    paper = _PAPERS.get(request.form.get(PREFIX + "paper", ""))
    if paper is None or not is_known_hand():
        return None
    go_to = request.form.get(PREFIX + "go_to", "/")
    return _as_submitted(paper, go_to, prefix=PREFIX)


def keep_for(account_id: UUID) -> str | None:
    """After signing in: keep what was carried if this account wrote it, and say where its form is."""
    kept = carried()
    if kept is None:
        return None
    if author_of(kept.author) != account_id:
        return kept.go_to
    return _as_draft(kept, account_id)


def keep_what_came(paper: type[FlaskForm]) -> str:
    """Keep what was just sent, by whoever is signed in, for them; say where its form is."""
    return _as_draft(_as_submitted(paper, page_they_were_on(), prefix=""), current_user.id)


def _as_draft(kept: Kept, account_id: UUID) -> str:
    written = {one.name: one.values for one in kept.fields}
    draft = drafts.keep(account_id, kept.paper, written)
    path, _, query = kept.go_to.partition("?")
    others = [pair for pair in query.split("&") if pair and not pair.startswith("draft=")]
    return f"{path}?{'&'.join([*others, urlencode({'draft': draft.id})])}"


def keep_for_its_author() -> str | None:
    """The same for whoever is about to sign in elsewhere: kept for the account that wrote it.

    Nobody else finds it there, and the form says who that is under our own code.
    """
    carries = carried()
    author = author_of(carries.author) if carries is not None else None
    return keep_for(author) if author is not None else None


def kept(paper: type[FlaskForm]) -> MultiDict[str, str] | None:
    """The draft that this page's address names, if it is mine and of this paper."""
    if request.method != "GET" or "draft" not in request.args or not current_user.is_authenticated:
        return None
    try:
        draft_id = UUID(request.args["draft"])
    except ValueError:
        return None
    draft = drafts.Draft.of(current_user.id, draft_id, paper.__name__)
    return MultiDict(draft.written) if draft else None


def page_they_were_on() -> str:
    """The path, within this district, of the page that sent this request."""
    from_page = urlsplit(request.headers.get("HX-Current-URL") or request.headers.get("Referer") or "")
    root = request.script_root
    if from_page.netloc != request.host or not from_page.path.startswith(f"{root}/"):
        return "/"
    path = from_page.path.removeprefix(root)
    if not _can_be_opened(
        path
    ):  # a form shown again after a mistake stands at an address that only takes POST
        parents = [path.rsplit("/", up)[0] for up in range(1, path.count("/"))]
        return next((parent for parent in parents if _can_be_opened(parent)), "/")
    return f"{path}?{from_page.query}" if from_page.query else path


def _can_be_opened(path: str) -> bool:
    adapter = current_app.create_url_adapter(request)
    return adapter is not None and adapter.test(path, "GET")


def _as_submitted(paper: type[FlaskForm], go_to: str, *, prefix: str) -> Kept:
    fields: list[KeptField] = []
    had_files = bool(request.form.get(PREFIX + "had_files")) or any(file for file in request.files.values())
    room = MOST
    for name, label, kind in _fields_of(paper):
        values = request.form.getlist(prefix + name)
        room -= sum(map(len, values))
        if values and room >= 0:
            fields.append(KeptField(name, label, kind, values))
    return Kept(paper.__name__, go_to, request.form.get("author", ""), fields, had_files)


def _fields_of(paper: type[FlaskForm]) -> list[tuple[str, str, str]]:
    """Name, label and kind from the class alone: a living form would read its choices from the database."""
    unbound = [(name, getattr(paper, name)) for name in dir(paper) if not name.startswith("_")]
    unbound = [(name, one) for name, one in unbound if hasattr(one, "_formfield")]
    unbound.sort(key=lambda pair: pair[1].creation_counter)
    return [
        (name, _label_of(name, one), kind)
        for name, one in unbound
        if name not in NOT_WRITTEN and (kind := _kind_of(one.field_class)) is not None
    ]


def _label_of(name: str, unbound: Any) -> str:
    label = unbound.kwargs.get("label") or (unbound.args[0] if unbound.args else None)
    return str(label or name.replace("_", " ").capitalize())


def _kind_of(field_class: type[Any]) -> str | None:
    if issubclass(field_class, (FileField, MultipleFileField, PasswordField)):
        return None
    if issubclass(field_class, HiddenField):
        return "hidden"
    if issubclass(field_class, TextAreaField):
        return "textarea"
    return "text" if issubclass(field_class, StringField) else "choice"
