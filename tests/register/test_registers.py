"""Attendance shows how far each school's register is in, to those who work with it."""

from datetime import date

import pytest

from app.core.db import db
from app.core.tenancy import as_district
from app.register.models.school_register import SchoolRegister


def test_each_school_says_to_which_day_its_register_is_in(app, client, world):
    with app.app_context(), as_district(world.maple.id):
        db.session.add(SchoolRegister(school_id=world.maple.schools["North"], current_to=date(2026, 9, 11)))
        db.session.commit()

    page = client.sign_in(world.clark).get("/maple/attendance")

    told = [row.text for row in page.all("tr")]
    assert "North School: its calendar Sep 11, 2026" in str(told)
    assert "Nothing has come in yet" in str(told)


@pytest.mark.parametrize("who", ["tess", "bell", "lena"])
def test_nobody_else_sees_it(client, world, who):
    assert client.sign_in(getattr(world, who)).get("/maple/attendance").status == 404
