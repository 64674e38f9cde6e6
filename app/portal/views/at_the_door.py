"""What the hall asks about operators: who that is, and whether the district that is open lets them look."""

from uuid import UUID

from app.admin.models.operator_visit import OperatorVisit
from app.core.actor import Guest
from app.portal.actions import looking, signing_in
from app.portal.actions.signing_in import SignedIn


class AtTheDoor:
    """A Portal, as app/web/operators.py wants it."""

    def operator(self, token: str) -> SignedIn | None:
        """Whoever is signed in with that token."""
        return signing_in.whose(token)

    def guest(self, operator: SignedIn) -> Guest | None:
        """The same within the district that is open, if it lets them look just now."""
        return looking.as_guest(OperatorVisit.going_on(operator.id))

    def looks(self, guest: Guest, page: str, table: str, which: UUID | None) -> None:
        """Write down, on both sides, that they look at a page."""
        looking.at(guest, page, table, which)

    def going_on(self) -> Guest | None:
        """Whoever the district that is open lets look just now."""
        return looking.as_guest(OperatorVisit.going_on())
