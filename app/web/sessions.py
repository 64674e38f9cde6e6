"""Flask's session, kept in the session row. The cookie is one per district and carries random bits alone.

Looked up within the district of the path, so a session made at /maple opens nothing at /birch. Whoever is
not signed in gets no cookie.
"""

from typing import Any, Final, cast
from urllib.parse import urlsplit
from uuid import UUID

from flask import Flask, Request, Response, g, request, session
from flask.sessions import SessionInterface, SessionMixin
from flask_login import LoginManager
from sqlalchemy.exc import SQLAlchemyError

from app.core import sessions
from app.core.db import db
from app.core.directory import district_by_slug
from app.core.sessions import WebSession
from app.core.tenancy import as_district
from app.web import district

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
PREFIXES: Final = ("__Host-fo_", "fo_")

#: All that a page may put into the session: the row has a place for each and for nothing else.
KEYS: Final = frozenset({"_flashes", "csrf_token"})
#: The newest that wait for a page. Whoever never looks at one does not fill the row.
MOST_FLASHES: Final = 5


class BrowserSession(dict[str, Any], SessionMixin):
    """The row as Flask, flask-login and flask-wtf expect to find it."""

    def __init__(self, row: WebSession | None = None) -> None:
        super().__init__()
        self.new_token: str | None = None
        self.leave: list[str] = []
        self.account_id: UUID | None = None
        self.row_id: UUID | None = None
        #: Held, for its account came with it and would be asked for again.
        self.row: WebSession | None = None
        self._flashes_in_row: list[Any] = []
        if row is not None:
            self.now_of(row)

    def now_of(self, row: WebSession) -> None:
        """From here on this is that row's session."""
        self.clear()
        self.row, self.row_id, self.account_id = row, row.id, row.account_id
        self._flashes_in_row = [list(flash) for flash in row.flashes]
        super().__setitem__("_user_id", str(row.account_id))
        super().__setitem__("csrf_token", row.csrf)
        if row.flashes:
            super().__setitem__("_flashes", [tuple(flash) for flash in row.flashes])

    def now_of_nobody(self) -> None:
        """From here on nobody is signed in."""
        self.clear()
        self.row = self.row_id = self.account_id = self.new_token = None

    def __setitem__(self, key: str, value: Any) -> None:
        if key not in KEYS:
            raise KeyError(f"The session row has no place for {key!r}.")
        super().__setitem__(key, value)

    @property
    def flashes_to_keep(self) -> list[Any] | None:
        """What the row must say from now on, or None if it says so already or there is none."""
        flashes = [[str(part) for part in flash] for flash in self.get("_flashes", [])[-MOST_FLASHES:]]
        return None if self.row_id is None or flashes == self._flashes_in_row else flashes

    def keep_flashes(self) -> None:
        """Into the row, with the transaction that is open."""
        flashes = self.flashes_to_keep
        if self.row_id is not None and flashes is not None:
            sessions.keep_flashes(self.row_id, flashes)
            self._flashes_in_row = flashes


class RowSessions(SessionInterface):
    """Opens the row that the cookie names, and writes back what changed."""

    def open_session(self, app: Flask, request: Request) -> BrowserSession:
        """The first thing that happens in a request, and so where its district is entered."""
        card = district.enter()
        token = request.cookies.get(cookie_name(card.slug) or "") if card else None
        try:
            row = WebSession.of_token(token) if token else None
            opened = BrowserSession(row)
            if row is not None:
                sessions.seen(row)
        except SQLAlchemyError as error:
            request.environ[district.FAILED] = error
            return BrowserSession()
        return opened

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Flashes into the row, but for those that went along; a cookie only for a sign-in or a sign-out."""
        mine = cast(BrowserSession, session)
        if mine.flashes_to_keep is not None:
            db.session.rollback()  # what a view left uncommitted, it did not mean to keep
            sessions.do_not_wait_for_the_disk()
            mine.keep_flashes()
            db.session.commit()
        for name in mine.leave:
            response.delete_cookie(name, **_attributes(name))
        card = district.here() if mine.new_token else None
        name_here = cookie_name(card.slug) if card else None
        if mine.new_token and name_here:
            response.set_cookie(name_here, mine.new_token, **_attributes(name_here))


class SessionLogin(LoginManager):
    """flask-login without its remember cookie: nothing but the session row says who is signed in."""

    def _load_user_from_remember_cookie(self, cookie: str) -> None:
        return None

    def _update_remember_cookie(self, response: Response) -> Response:
        return response


login = SessionLogin()
login.session_protection = None  # it binds sessions to a phone's changing address; the row is ended instead


def install(app: Flask) -> None:
    """Have Flask and flask-login read the session row."""
    app.session_interface = RowSessions()
    login.init_app(app)


def begin(account_id: UUID, *, by_factor: bool = False, through: str = "") -> None:
    """Sign an account in, in this browser: always a new row and a new token. `through`: the provider, if it was one."""
    mine = _mine()
    if mine.row_id is not None:
        sessions.end(mine.row_id)
    row, token = sessions.begin(account_id, request.user_agent.string, by_factor=by_factor, through=through)
    mine.now_of(row)
    mine.new_token = token
    for cached in ("_login_user", "csrf_masked"):
        g.pop(cached, None)


def carry(token: str) -> None:
    """Have this browser carry a token that signs nobody in: the first of two steps is done."""
    mine = _mine()
    if mine.row_id is not None:
        sessions.end(mine.row_id)
    mine.now_of_nobody()
    mine.new_token = token
    g.pop("_login_user", None)


def carried() -> str | None:
    """The token that this browser carries, whatever it is worth."""
    card = district.here()
    return request.cookies.get(cookie_name(card.slug) or "") if card else None


def end_everywhere() -> None:
    """Sign this browser out, of every district it holds a cookie of."""
    db.session.rollback()
    for name, token in request.cookies.items():
        slug = slug_of_cookie(name)
        card = district_by_slug(slug) if slug else None
        if slug is None:
            continue
        _mine().leave.append(name)
        if card is not None:
            with as_district(card.id):
                row = WebSession.of_token(token)
                if row is not None:
                    sessions.end(row.id)
                db.session.commit()
    _mine().now_of_nobody()
    g.pop("_login_user", None)


def keep_flashes() -> None:
    """What was done is told on the next page if it is committed, and in the same go."""
    mine = cast(Any, session)._get_current_object()
    if isinstance(mine, BrowserSession):  # the bare hall has another, without a row
        mine.keep_flashes()


def this_session_id() -> UUID | None:
    """The row of this browser."""
    return _mine().row_id


def this_session() -> WebSession:
    """The row of this browser, behind a door that asked who is there."""
    row = _mine().row
    if row is None:
        raise RuntimeError("Nobody is signed in: a door that asks for its session needs @allow.")
    return row


def can_be_kept() -> bool:
    """True if a cookie may be set here: over https, or on this very machine."""
    return request.is_secure or urlsplit(f"//{request.host}").hostname in LOOPBACK


def cookie_name(slug: str) -> str | None:
    """The cookie of a district on this connection; None where none can be kept safely."""
    if request.is_secure:
        return f"__Host-fo_{slug}"
    return f"fo_{slug}" if can_be_kept() else None


def slug_of_cookie(name: str) -> str | None:
    """The district that one of our cookies belongs to."""
    for prefix in PREFIXES:
        slug = name.removeprefix(prefix)
        if slug != name and district.SLUG.fullmatch(slug):
            return slug
    return None


def _attributes(name: str) -> dict[str, Any]:
    return {"httponly": True, "samesite": "Lax", "path": "/", "secure": name.startswith("__Host-")}


def _mine() -> BrowserSession:
    return cast(BrowserSession, cast(Any, session)._get_current_object())
