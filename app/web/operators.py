"""The operator at a door: at one of their own, outside every district, or at one inside, where they are a guest.

Who they are says the portal, which the hall does not know: it comes and tells. Their cookie is one of its own.
"""

from typing import Any, Final, Protocol
from uuid import UUID

from flask import g, request
from werkzeug.wrappers import Response

from app.core.actor import Guest
from app.web import district, sessions

#: Doors of rooms that are open to a guest, behind which students are seen: what an import brings, whom a year moves,
#: what families are written.
WITH_STUDENTS: Final = (
    "admin.imports_",
    "admin.school_year",
    "notices.notices_",
    "notices.incidents_",
    "notices.print_",
    "notices.returned_",
)


class Portal(Protocol):
    """What the hall asks of the room that knows operators."""

    def operator(self, token: str) -> Any | None:
        """Whoever is signed in with that token."""
        ...

    def guest(self, operator: Any) -> Guest | None:
        """The same within the district that is open, if it lets them look just now."""
        ...

    def looks(self, guest: Guest, page: str, table: str, which: UUID | None) -> None:
        """Write down, on both sides, that they look at a page."""
        ...

    def going_on(self) -> Guest | None:
        """Whoever the district that is open lets look just now."""
        ...


_portals: Final[list[Portal]] = []


def comes_from(portal: Portal) -> None:
    """Ask this one from now on."""
    _portals[:] = [portal]


def operator() -> Any | None:
    """The operator of this browser, asked once a request."""
    if "operator" not in g:
        token = request.cookies.get(cookie_name() or "")
        g.operator = _portals[0].operator(token) if token and _portals else None
    return g.operator


def guest() -> Guest | None:
    """The operator of this browser, as a guest of the district that is asked for; None if it lets them not look."""
    if district.here() is None or operator() is None:
        return None
    if "guest" not in g:
        g.guest = _portals[0].guest(operator())
    found: Guest | None = g.guest
    return found


def stands_outside() -> bool:
    """True for an operator whom this district does not let look."""
    return district.here() is not None and operator() is not None and guest() is None


def may_enter(who: Guest, endpoint: str | None) -> bool:
    """True for the rooms that the visit opens, without what of them shows students."""
    room = (endpoint or "").partition(".")[0]
    return room in who.rooms and not (endpoint or "").startswith(WITH_STUDENTS)


def looks(who: Guest, thing: Any = None) -> None:
    """Write down that they look at this page."""
    table = getattr(thing, "__tablename__", "pages")
    _portals[0].looks(who, request.endpoint or "", table, getattr(thing, "id", None))


def going_on() -> Guest | None:
    """Whoever looks at this district just now, for the line that its admins see on every page."""
    return _portals[0].going_on() if _portals else None


def keep(answer: Response, token: str) -> None:
    """Have this browser carry an operator's token."""
    name = cookie_name()
    assert name is not None
    secure = name.startswith("__Host-")
    answer.set_cookie(name, token, httponly=True, samesite="Lax", path="/", secure=secure)


def forget(answer: Response) -> None:
    """Have it carry none."""
    name = cookie_name()
    if name is not None:
        answer.delete_cookie(name, httponly=True, samesite="Lax", path="/", secure=name.startswith("__Host-"))


def cookie_name() -> str | None:
    """The operator's cookie on this connection; None where none can be kept safely."""
    if request.is_secure:
        return "__Host-operator"
    return "operator" if sessions.can_be_kept() else None
