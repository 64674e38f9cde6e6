"""One guard a door: `@allow` finds the thing, asks the rules, hands it to the view; `@anyone` is open.

A thing that is not there, of another district, or not for them is the same 404. A view's changes are
committed when it returns and rolled back when it raises, so that no door half does something.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from typing import Any, Final, cast
from urllib.parse import quote, urlsplit

from flask import Flask, Response, abort, make_response, redirect, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf import FlaskForm

from app.core.actor import SYSTEM, Actor, Guest, Role, set_actor
from app.core.db import db
from app.core.directory import DistrictCard
from app.core.permissions import Rules, permits
from app.web import csrf, district, drafts, operators, sessions

View = Callable[..., ResponseReturnValue]

READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})

#: Where the sign-in room asks whether it is still them.
CONFIRM: Final = "/profile/confirm"
#: And where it has people set up a second factor.
FACTORS: Final = "/profile/sign-in"

STALE: Final = "This page was open for too long, so nothing was changed. Reload it and try again."
READ_ONLY: Final = (
    "{name} can be read but not changed at the moment. Please try again later, or ask your administrator."
)
ONLY_LOOKS: Final = "The district lets you look, and change nothing."
#: Where operators sign in.
OPERATORS: Final = "/operator/sign-in"
NOT_OPEN: Final = "{name} is not open. Its administrators can sign in; everybody else is asked to wait."


@dataclass(frozen=True)
class Guard:
    """What a door asks of whoever comes. House tests read it from the view."""

    may: StrEnum | None
    rules: Rules | None = None
    of: type[Any] | None = None
    paper: type[FlaskForm] | None = None
    #: Whoever sits there must have given a password or a factor within ten minutes.
    confirmed: bool = False
    #: Opens for those too of whom the district asks a second factor that they do not have yet.
    before_factor: bool = False
    #: A door of the operator's, outside every district.
    is_operators: bool = False

    @property
    def is_open(self) -> bool:
        """True for a door that asks nothing."""
        return self.may is None and not self.is_operators


def allow(
    may: StrEnum,
    rules: Rules,
    *,
    of: type[Any] | None = None,
    paper: type[FlaskForm] | None = None,
    confirmed: bool = False,
    before_factor: bool = False,
) -> Callable[[View], View]:
    """Open the door to those whom the rules permit. `of`: the thing's model; `paper`: the form it takes.

    `confirmed`: a session left open is not enough for what changes the way in. `before_factor`: the way to a second
    factor, which is all that opens for those who must have one and have none.
    """
    guard = Guard(may, rules, of, paper, confirmed, before_factor)
    if paper is not None:
        drafts.know(paper)

    def hang(view: View) -> View:
        @wraps(view)
        def door(**keys: Any) -> ResponseReturnValue:
            who = visitor()
            if who is None:
                return abort(404) if operators.stands_outside() else _sign_in_first(paper)
            set_actor(who)
            card = _ask_the_district(who)
            if isinstance(who, Guest):
                return _only_look(who, view, guard, keys)
            if not before_factor and card.asks_a_factor_of(who) and not sessions.this_session().by_factor:
                return _set_up_first(paper)
            if paper is None and request.method not in READS:
                _ask_for_our_token()
            found: tuple[Any, ...] = () if of is None else (_find(of, keys),)
            if not permits(rules, may, who, *found):
                abort(404)
            if confirmed and not sessions.this_session().is_confirmed:
                return _confirm_first()
            return _do_it_whole(view, *found, **keys)

        door.guard = guard  # type: ignore[attr-defined]
        return door

    return hang


def operators_door(view: View) -> View:
    """Open a door outside every district to operators alone; the view is handed the one who came."""

    @wraps(view)
    def door(**keys: Any) -> ResponseReturnValue:
        who = operators.operator()
        return redirect(OPERATORS, 303) if who is None else view(who, **keys)

    door.guard = Guard(None, is_operators=True)  # type: ignore[attr-defined]
    return door


def anyone(view: View) -> View:
    """Open the door to everybody. What comes in by POST is checked by the form itself (PublicPaper)."""

    @wraps(view)
    def door(**keys: Any) -> ResponseReturnValue:
        set_actor(visitor() or SYSTEM)
        return _do_it_whole(view, **keys)

    door.guard = Guard(None)  # type: ignore[attr-defined]
    return door


def opens(endpoint: str, may: StrEnum, rules: Rules, who: Actor) -> bool:
    """True if that door, which takes nothing, opens to them: for the menu."""
    if isinstance(who, Guest) and not operators.may_enter(who, endpoint):
        return False
    return permits(rules, may, who)


def guard_of(view: Any) -> Guard | None:
    """The guard that stands at a view, if one does."""
    return cast("Guard | None", getattr(view, "guard", None))


def visitor() -> Actor | None:
    """Whoever is signed in to this district, in this browser, or its guest; None if nobody is."""
    who = current_user._get_current_object()
    return cast(Actor, who) if who.is_authenticated else operators.guest()


def me() -> Actor:
    """Whoever is signed in, behind a door that asked."""
    who = visitor()
    if who is None:
        raise RuntimeError("Nobody is signed in: a door that asks for me() needs @allow.")
    return who


def local_path(given: str | None) -> str | None:
    """`given` if it is a path within this district and nothing else; a link to elsewhere never comes back."""
    if not given or not given.startswith("/") or given.startswith("//") or "\\" in given:
        return None
    parts = urlsplit(given)
    return given if not parts.scheme and not parts.netloc and given.isprintable() else None


def sign_in_address(next_path: str | None = None) -> str:
    """Where to sign in to this district, and where to go on to from there."""
    address = f"{request.script_root}/sign-in"
    return f"{address}?next={quote(next_path, safe='/')}" if next_path and next_path != "/" else address


def install(app: Flask) -> None:
    """Nobody acts before a door has asked who they are, and nobody after the request."""
    app.before_request(lambda: set_actor(SYSTEM))
    app.teardown_request(lambda _: set_actor(SYSTEM))
    app.jinja_env.globals["csrf_token"] = csrf.token


def _only_look(who: Guest, view: View, guard: Guard, keys: dict[str, Any]) -> ResponseReturnValue:
    """The same rules, of the rooms that are open to a guest; each page that they see is written down."""
    found: tuple[Any, ...] = () if guard.of is None else (_find(guard.of, keys),)
    assert guard.may is not None
    assert guard.rules is not None
    is_shut = guard.confirmed or guard.before_factor or not operators.may_enter(who, request.endpoint)
    if is_shut or not permits(guard.rules, guard.may, who, *found):
        abort(404)
    if request.method not in READS:
        abort(403, ONLY_LOOKS)
    operators.looks(who, *found)
    return _do_it_whole(view, *found, **keys)


def _find(of: type[Any], keys: dict[str, Any]) -> Any:
    thing = of.find(**{key: keys.pop(key) for key in of.FOUND_BY})
    return thing if thing is not None else abort(404)


def _do_it_whole(view: View, *found: Any, **keys: Any) -> ResponseReturnValue:
    try:
        answer = view(*found, **keys)
        if request.method not in READS:
            sessions.keep_flashes()
        db.session.commit()
    except BaseException:
        db.session.rollback()
        raise
    return answer


def _ask_for_our_token() -> None:
    if not csrf.came_from_us():
        abort(400, STALE)


def _ask_the_district(who: Actor) -> DistrictCard:
    card = district.here()
    if card is None:
        abort(404)
    if card.state in ("preparing", "closing") and not who.has(Role.ADMIN):
        abort(403, NOT_OPEN.format(name=card.name))
    if card.state in ("read-only", "closing") and request.method not in READS:
        abort(403, READ_ONLY.format(name=card.name))
    return card


def _set_up_first(paper: type[FlaskForm] | None) -> ResponseReturnValue:
    """To the page where a second factor is set up; what somebody wrote waits for them."""
    if request.method in READS:
        page = request.full_path.rstrip("?")
    elif paper is not None and drafts.is_my_hand():
        page = drafts.keep_what_came(paper)
        db.session.commit()
    else:
        page = drafts.page_they_were_on()
    address = f"{request.script_root}{FACTORS}?next={quote(page, safe='/')}"
    if request.headers.get("HX-Request") == "true":
        return make_response("Your district asks for a second factor first.", 403, {"HX-Redirect": address})
    return redirect(address, 303)


def _confirm_first() -> ResponseReturnValue:
    """Ask for the password or a factor again, and come back to the page that they were on."""
    page = request.full_path.rstrip("?") if request.method in READS else drafts.page_they_were_on()
    address = f"{request.script_root}{CONFIRM}?next={quote(page, safe='/')}"
    if request.headers.get("HX-Request") == "true":
        return make_response("Confirm first that it is you.", 403, {"HX-Redirect": address})
    return redirect(address, 303)


def _sign_in_first(paper: type[FlaskForm] | None) -> ResponseReturnValue:
    if paper is not None and request.method not in READS and drafts.is_known_hand():
        return drafts.sign_in_above(paper)
    if request.headers.get("HX-Request") == "true":
        answer: Response = make_response("Your session has ended. Sign in to go on.", 401)
        answer.headers["HX-Redirect"] = sign_in_address(drafts.page_they_were_on())
        return answer
    if request.method in READS:
        return redirect(sign_in_address(request.full_path.rstrip("?")), 303)
    return redirect(sign_in_address(drafts.page_they_were_on()), 303)
