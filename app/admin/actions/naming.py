"""The district's own row: its name, its clock, whether it is open, and of whom it asks a second factor."""

from app.core.db import db
from app.core.directory import PREPARING, District, forget_directory
from app.core.tenancy import current_district_id
from app.helpdesk.actions import catching_up


def rename(*, name: str, zone: str) -> None:
    """Another name or zone, for the whole district."""
    district = _this_district()
    district.name, district.zone = " ".join(name.split()), zone
    _tell_the_house()


def ask_for_factors(*, of: str) -> None:
    """Of whom a second factor is asked, from their next page on: one of directory.FACTOR_FOR."""
    _this_district().factor_for = of
    _tell_the_house()


def open_for_all() -> None:
    """Everybody of the district may come in, and the mail that came before is filed."""
    district = _this_district()
    if district.state == PREPARING:
        district.state = "open"
        catching_up.begin()
        _tell_the_house()


def _this_district() -> District:
    district = db.session.get(District, current_district_id())
    assert district is not None
    return district


def _tell_the_house() -> None:
    # Committed before it is forgotten: the directory reads on a connection of its own.
    db.session.commit()
    forget_directory()
