"""Opening a district, and what its first admin finds."""

import re

import pytest
from sqlalchemy import select

from app.auth.models.account import Account
from app.core.actor import Role
from app.core.audit import AuditEntry
from app.core.db import db
from app.core.directory import district_by_domain, district_by_inbound_address, district_by_slug
from app.core.tenancy import as_district
from app.helpdesk.models.category import Category
from app.notices.models.message import Message
from tests.page_client import PageClient
from tests.world import World


def open_one(app, *options: str, slug: str = "willow"):
    given = [
        "open-district",
        slug,
        "--name",
        "Willow Schools",
        "--admin-email",
        "pat@willow.example",
        *options,
    ]
    return app.test_cli_runner().invoke(args=given)


def test_a_district_is_opened_with_its_first_admin(app) -> None:
    opened = open_one(app, "--admin-name", "Pat Rivers", "--zone", "America/Denver")

    assert opened.exit_code == 0, opened.output
    with app.app_context():
        card = district_by_slug("willow")
        assert card is not None
        assert (card.name, card.state, card.zone) == ("Willow Schools", "preparing", "America/Denver")
        for address in ("help@willow.example", "bounce@willow.example", "bounce+token@willow.example"):
            assert district_by_inbound_address(address) == card
        assert district_by_domain("willow.example") == card
        with as_district(card.id):
            pat = Account.with_address("pat@willow.example")
            assert pat is not None
            assert (pat.name, pat.state, pat.has(Role.ADMIN)) == ("Pat Rivers", "invited", True)
            assert db.session.scalars(Category.choices()).all()
            assert {row.by_kind for row in db.session.scalars(select(AuditEntry))} == {"operator"}


def test_the_link_opens_the_account_once(app, client: PageClient) -> None:
    address = re.search(r"http://localhost(/willow/invitations/\S+)", open_one(app).output)
    assert address is not None
    page = client.get(address[1], status=200)

    client.submit(
        page, status=303, password="seven grey geese sing loudly", again="seven grey geese sing loudly"
    )

    again = PageClient(app).get(address[1])
    assert "does not work any more" in again.text


@pytest.mark.parametrize(
    ("slug", "options", "words"),
    [
        ("legal", (), "cannot be called"),
        ("W1", (), "cannot be called"),
        ("willow", ("--zone", "Mars/Olympus"), "not a time zone"),
        ("willow", ("--admin-email", "pat@gmail.com"), "everybody's"),
        ("willow", ("--admin-email", "pat"), "must be an email address"),
        ("willow", ("--region", "uk"), "deployment of its own"),
    ],
)
def test_what_cannot_be_opened_is_refused_in_a_sentence(
    app, slug: str, options: tuple[str, ...], words: str
) -> None:
    opened = open_one(app, *options, slug=slug)

    assert opened.exit_code == 1
    assert words in opened.output
    with app.app_context():
        assert district_by_slug(slug) is None


def test_a_taken_slug_domain_or_address_is_refused(app, world: World) -> None:
    assert "already" in open_one(app, slug="maple").output
    assert "another district" in open_one(app, "--domain", "maple.example").output
    assert "another district's desk" in open_one(app, "--mailbox", "help@maple.example").output


def test_everything_is_missing_on_the_first_day(app, client: PageClient, world: World) -> None:
    shown = client.sign_in(world.adams).get("/maple/admin/opening-day")

    pills = [pill.text for pill in shown.all("span", class_="pill")]
    assert pills == ["Done", "Done", "Done", "Done", "Done", "Missing"]


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("schools", "People can choose Cedar School and North School."),
        ("people", "All 9 people have a school and an email address."),
        ("technicians", "cover all schools"),
        ("mailbox", "help@maple.example becomes a ticket here"),
        ("mail", "A test is on its way to adams@maple.example"),
        ("contact", "lacks a phone number, an email address and a postal address"),
    ],
)
def test_each_step_is_tested_and_told_in_words(
    client: PageClient, world: World, key: str, words: str
) -> None:
    client.sign_in(world.adams)

    shown = client.follow(client.post(f"/maple/admin/opening-day/{key}", status=303))

    assert words in shown.one(id="flashes").text


def test_the_test_mail_goes_to_whoever_asked(app, client: PageClient, world: World) -> None:
    client.sign_in(world.adams).post("/maple/admin/opening-day/mail", status=303)

    with app.app_context(), as_district(world.maple.id):
        assert db.session.scalars(select(Message.to_address)).all() == ["adams@maple.example"]


def test_an_unknown_step_is_not_there(client: PageClient, world: World) -> None:
    client.sign_in(world.adams).post("/maple/admin/opening-day/moon", status=404)


def test_the_district_opens_when_its_admin_says_so(app, client: PageClient) -> None:
    open_one(app)
    with app.app_context():
        card = district_by_slug("willow")
        assert card is not None
        with as_district(card.id):
            pat = Account.with_address("pat@willow.example")
            assert pat is not None
            pat.set_password("seven grey geese sing loudly")
            db.session.commit()
            who = _Somebody(pat.id, _Somewhere(card.id, "willow"))
    client.sign_in(who)
    assert "not open yet" in client.get("/willow/admin").text

    shown = client.follow(client.post("/willow/admin/opening-day/open", status=303))

    assert "Willow Schools is open" in shown.text
    with app.app_context():
        opened = district_by_slug("willow")
        assert opened is not None
        assert opened.state == "open"


class _Somewhere:
    def __init__(self, id, slug: str) -> None:
        self.id, self.slug = id, slug


class _Somebody:
    def __init__(self, id, district: _Somewhere) -> None:
        self.id, self.district = id, district
