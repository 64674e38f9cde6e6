from app.core.records import every_model, keeping_of
from app.legal.models.keeping import CLASSES, NIGHTLY, kept
from tests.page_client import PageClient


def test_every_table_of_the_house_is_on_the_page(client: PageClient) -> None:
    page = client.get("/legal/retention")
    rows = {one.text for one in page.all("th", scope="row")}
    rest = {one.text for one in page.one("div", class_="legal__text").all("li")}

    assert rows | rest == {str(model.__tablename__).replace("_", " ").capitalize() for model in every_model()}
    assert rows.isdisjoint(rest)


def test_every_class_of_keeping_is_said_in_full(client: PageClient) -> None:
    assert {keeping_of(model).keep for model in every_model()} <= set(CLASSES)


def test_what_is_said_to_be_cleared_away_each_night_is(client: PageClient) -> None:
    """By name: jobs/upkeep.py, helpdesk.py, notices.py, register.py and roster.py clear these, and nothing else."""
    assert {one.what for one in kept() if one.cleared_away == NIGHTLY} == {
        "Drafts",
        "Heard texts",
        "Held sign ins",
        "Inbound emails",
        "Muted addresses",
        "One time links",
        "Register import schools",
        "Register imports",
        "Register mark changes",
        "Register quarantine",
        "Register staged rows",
        "Roster import classes",
        "Roster import notes",
        "Roster import rows",
        "Roster import seen",
        "Roster imports",
        "Sign in attempts",
        "Sign in steps",
        "Sign in flows",
        "Web sessions",
        "Work",
    }
