"""`python -m bench.staff COUNT`: a district of one school, with so many people who may write to its desk."""

import sys

from sqlalchemy import insert

from app.admin.actions import opening
from app.core import across_districts
from app.core.db import db, uuid7
from app.core.directory import district_by_slug, forget_directory
from app.core.tenancy import as_district
from app.factory import create_app
from app.notices.models.mail_setting import MailSetting
from app.roster.models.person import Person
from app.roster.models.school import School

SLUG = "postal"
DESK = f"help@{SLUG}.example"


def writer(nth: int) -> str:
    """The address of one of them."""
    return f"writer-{nth:05}@{SLUG}.example"


def open_district(count: int) -> None:
    """With mail that leaves through the operator's relay."""
    with across_districts.session() as across:
        district_id = opening.open_district(
            across,
            slug=SLUG,
            name="Postal Unified",
            domain=f"{SLUG}.example",
            mailbox=DESK,
            zone="America/Chicago",
            region="us",
            state="open",
        )
    forget_directory()
    with as_district(district_id):
        opening.add_first_things()
        school = School(name="Postal Elementary", short_name="Postal")
        db.session.add_all([school, MailSetting(driver="relay")])
        db.session.flush()
        db.session.execute(
            insert(Person).execution_options(render_nulls=True),
            [
                {
                    "id": uuid7(),
                    "district_id": district_id,
                    "given_name": "Writer",
                    "family_name": f"Number {nth}",
                    "email": writer(nth),
                    "school_id": school.id,
                }
                for nth in range(count)
            ],
        )
        db.session.commit()


def main() -> None:
    """Open it, unless it is open."""
    with create_app().app_context():
        if district_by_slug(SLUG) is None:
            open_district(int(sys.argv[1]))


if __name__ == "__main__":
    main()
