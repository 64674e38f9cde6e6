"""The page "Your sign-in": with what somebody signs in, and the way to change it."""

from flask.typing import ResponseReturnValue

from app.auth.models.factors import Factors
from app.auth.permissions import RULES, May
from app.auth.views.my_account import my_account, next_page
from app.core.room import Doors
from app.web import district
from app.web.guard import FACTORS, allow
from app.web.page import page

doors = Doors()


@doors.get(FACTORS)
@allow(May.KEEP_OWN_FACTORS, RULES, before_factor=True)
def index() -> ResponseReturnValue:
    """Everything about one's own way in."""
    account, card = my_account(), district.here()
    factors = Factors.of(account.id)
    is_asked = card is not None and card.asks_a_factor_of(account) and not factors
    return page("auth/factors.html", account=account, factors=factors, is_asked=is_asked, go_on=next_page())
