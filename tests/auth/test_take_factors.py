"""The operator's way for a district's only admin who has lost phone and paper."""

import pytest

from app.auth.models.authenticator_app import AuthenticatorApp
from app.core.db import db
from app.core.tenancy import as_district
from tests.auth.second_factor import set_up
from tests.page_client import PageClient


@pytest.fixture
def adams(app, world):
    client = PageClient(app).sign_in(world.adams)
    set_up(client)
    return client


def run(app, *words):
    return app.test_cli_runner().invoke(args=["take-factors", *words])


def test_the_factors_go_and_the_sessions_end(app, world, adams):
    told = run(app, "maple", " Adams@Maple.example ")

    assert told.exit_code == 0, told.output
    assert adams.get("/maple/admin").status == 303
    with app.app_context(), as_district(world.maple.id):
        assert db.session.query(AuthenticatorApp).count() == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("maple", "nobody@maple.example"), "Nobody in Maple School District"),
        (("oak", "x@y.example"), "no district"),
    ],
)
def test_a_wrong_name_is_a_sentence(app, world, adams, words, said):
    told = run(app, *words)

    assert told.exit_code == 1
    assert said in told.output
    assert adams.get("/maple/admin").status == 200
