"""Pages of staff: in order, whole, in both directions."""

import pytest

from app.core.db import db
from app.core.tenancy import as_district
from app.roster.models import staff_page as pages
from app.roster.models.person import Person
from app.roster.models.staff_page import staff_page
from tests.world import World


@pytest.fixture
def _three_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "AT_MOST", 3)


@pytest.mark.usefixtures("_three_a_page")
def test_every_person_is_on_one_page(app, world: World) -> None:
    with app.app_context(), as_district(world.maple.id):
        # Two of the same name: the id decides.
        db.session.add_all(Person(given_name="Nora", family_name="Bell") for _ in range(2))
        db.session.flush()
        everybody = [person.id for person in db.session.scalars(Person.staff_by_name())]

        seen, page = [], staff_page()
        while True:
            seen += [person.id for person in page.people]
            if page.after is None:
                break
            page = staff_page(after=page.after)

        assert seen == everybody
        assert len(seen) == 11


@pytest.mark.usefixtures("_three_a_page")
def test_going_back_shows_the_page_before(app, world: World) -> None:
    with app.app_context(), as_district(world.maple.id):
        first = staff_page()
        second = staff_page(after=first.after)

        back = staff_page(before=second.before)

        assert [person.id for person in back.people] == [person.id for person in first.people]
        assert back.before is None


def test_a_place_of_another_district_is_no_place(app, world: World) -> None:
    with app.app_context(), as_district(world.maple.id):
        page = staff_page(after=world.quincy.person_id)

        assert len(page.people) == 9
        assert world.quincy.person_id not in {person.id for person in page.people}
